#include "nn/two_pass.hpp"

#include <algorithm>

#include "core/arena.hpp"
#include "core/threads.hpp"

namespace mlqa::nn {
namespace {

constexpr index_t serial_bytes = 1 << 20;  ///< less is not worth waking a thread for
constexpr index_t part_length =
    1 << 16;  ///< elements of a channel in a part: sums of parts are added in order
constexpr index_t run_bytes = 16 << 10;          ///< short runs: as many channels at once as fill this
constexpr index_t block_channels = 64;           ///< at most
constexpr index_t cached_bytes = 8 << 20;        ///< a block that a cache may hold between its two walks
constexpr index_t small_cached_bytes = 1 << 20;  ///< the same, where it is worth idle threads
constexpr index_t line_part_bytes = 1 << 19;     ///< bytes of rows in a part
constexpr index_t part_columns = 4096;           ///< at most

index_t ceil_div(index_t a, index_t b) {
    return (a + b - 1) / b;
}

template <class R>
R moved(R run, index_t plane, index_t channel, index_t element) {
    if (run.data != nullptr) run.data += plane * run.plane_stride + channel * run.channel_stride + element;
    return run;
}

/// The tile that starts at the given plane, channel and element; coefficients start at `coefficient`.
template <class T>
BatchNormTile<T> window(BatchNormTile<T> t, index_t plane, index_t channel, index_t element,
                        index_t coefficient) {
    t.x = moved(t.x, plane, channel, element);
    t.dy = moved(t.dy, plane, channel, element);
    t.residual = moved(t.residual, plane, channel, element);
    t.y = moved(t.y, plane, channel, element);
    t.dx = moved(t.dx, plane, channel, element);
    t.dresidual = moved(t.dresidual, plane, channel, element);
    t.mask = moved(t.mask, plane, channel, element / mask_word);
    for (const T** p : {&t.scale, &t.shift, &t.offset, &t.dz_factor, &t.x_factor, &t.constant})
        if (*p != nullptr) *p += coefficient;
    return t;
}

/// 16 lanes by halves.
double sum_of_lanes(const double* lane) {
    double sum[plane_sum_lanes];
    std::copy(lane, lane + plane_sum_lanes, sum);
    for (index_t half = plane_sum_lanes / 2; half > 0; half /= 2)
        for (index_t i = 0; i < half; ++i) sum[i] += sum[i + half];
    return sum[0];
}

struct Pair {
    double first;
    double second;
};

template <class T>
class Planes {
public:
    Planes(const BatchNormShape& shape, const BatchNormTile<T>& whole, const TwoPassWork<T>& work)
        : shape_(shape), whole_(whole), work_(work) {
        const index_t bytes = static_cast<index_t>(sizeof(T));
        threads_ = shape.size() * bytes < serial_bytes ? 1 : threads::resolve(work.n_jobs);
        if (shape.length > part_length) {
            parts_per_plane_ = ceil_div(shape.length, part_length);
            parts_ = shape.outer * parts_per_plane_;
        } else {
            planes_per_part_ = std::max<index_t>(1, part_length / shape.length);
            parts_ = ceil_div(shape.outer, planes_per_part_);
        }
        const index_t slab = shape.count() * bytes;
        const index_t wanted =
            std::min(ceil_div(run_bytes, shape.length * bytes), small_cached_bytes / 2 / slab);
        block_ = std::clamp<index_t>(wanted, 1, std::min(block_channels, shape.channels));
        blocks_ = ceil_div(shape.channels, block_);
        const index_t block_bytes = slab * block_;
        by_channel_ = block_bytes <= small_cached_bytes ||
                      (block_bytes <= cached_bytes && (threads_ == 1 || blocks_ >= 2 * threads_));
    }

    Status run() { return by_channel_ ? channel_by_channel() : twice_over_all(); }

private:
    BatchNormTile<T> tile(index_t block, index_t part) const {
        const index_t c = block * block_;
        index_t plane = part * planes_per_part_, element = 0;
        if (parts_per_plane_ > 1) {
            plane = part / parts_per_plane_;
            element = part % parts_per_plane_ * part_length;
        }
        BatchNormTile<T> t = window(whole_, plane, c, element, c);
        t.planes = parts_per_plane_ > 1 ? 1 : std::min(planes_per_part_, shape_.outer - plane);
        t.channels = std::min(block_, shape_.channels - c);
        t.length = std::min(shape_.length - element, parts_per_plane_ > 1 ? part_length : shape_.length);
        return t;
    }

    /// The sums of one part of a block of channels, at sums[0 .. channels).
    void sum_part(index_t block, index_t part, double* lanes, Pair* sums) const {
        const BatchNormTile<T> t = tile(block, part);
        std::fill(lanes, lanes + 2 * plane_sum_lanes * t.channels, 0.0);
        work_.sums(&t, lanes);
        for (index_t c = 0; c < t.channels; ++c)
            sums[c] = {sum_of_lanes(lanes + 2 * plane_sum_lanes * c),
                       sum_of_lanes(lanes + 2 * plane_sum_lanes * c + plane_sum_lanes)};
    }

    void write_part(index_t block, index_t part) const {
        const BatchNormTile<T> t = tile(block, part);
        work_.pass(&t);
    }

    Status channel_by_channel() const {
        const arena::Buffer<double> lanes(static_cast<std::size_t>(threads_ * 2 * plane_sum_lanes * block_));
        return threads::parallel_for(blocks_, threads_, [&](index_t block, int worker) {
            double* own = lanes.data() + worker * 2 * plane_sum_lanes * block_;
            if (work_.sums != nullptr && sum_block(block, own, false)) sum_block(block, own, true);
            for (index_t part = parts_ - 1; part >= 0; --part) write_part(block, part);
        });
    }

    bool sum_block(index_t block, double* lanes, bool again) const {
        const index_t first = block * block_, n = std::min(block_, shape_.channels - first);
        Pair total[block_channels] = {}, sums[block_channels];
        for (index_t part = 0; part < parts_; ++part) {
            sum_part(block, part, lanes, sums);
            for (index_t c = 0; c < n; ++c) add(total[c], sums[c]);
        }
        bool unsure = false;
        for (index_t c = 0; c < n; ++c) unsure |= finish(first + c, total[c], again);
        return unsure;
    }

    Status twice_over_all() const {
        const index_t tasks = blocks_ * parts_;
        if (work_.sums != nullptr) {
            const arena::Buffer<double> lanes(
                static_cast<std::size_t>(threads_ * 2 * plane_sum_lanes * block_));
            const arena::Buffer<Pair> sums(static_cast<std::size_t>(parts_ * shape_.channels));
            for (int attempt = 0; attempt < 2; ++attempt) {
                const Status status = threads::parallel_for(tasks, threads_, [&](index_t task, int worker) {
                    const index_t block = task / parts_, part = task % parts_;
                    sum_part(block, part, lanes.data() + worker * 2 * plane_sum_lanes * block_,
                             sums.data() + part * shape_.channels + block * block_);
                });
                if (status != Status::ok) return status;
                if (!finish_all(sums.data(), attempt > 0)) break;
            }
        }
        return threads::parallel_for(tasks, threads_, [&](index_t task, int) {
            const index_t reversed = tasks - 1 - task;
            write_part(reversed / parts_, reversed % parts_);
        });
    }

    bool finish_all(const Pair* sums, bool again) const {
        bool unsure = false;
        for (index_t c = 0; c < shape_.channels; ++c) {
            Pair total{0.0, 0.0};
            for (index_t part = 0; part < parts_; ++part) add(total, sums[part * shape_.channels + c]);
            unsure |= finish(c, total, again);
        }
        return unsure;
    }

    static void add(Pair& total, const Pair& part) {
        total.first += part.first;
        total.second += part.second;
    }

    bool finish(index_t c, const Pair& total, bool again) const {
        return work_.finish(work_.context, c, total.first, total.second, again);
    }

    const BatchNormShape& shape_;
    const BatchNormTile<T>& whole_;
    const TwoPassWork<T>& work_;
    int threads_;
    index_t parts_per_plane_ = 1;
    index_t planes_per_part_ = 1;
    index_t parts_;
    index_t block_;
    index_t blocks_;
    bool by_channel_;
};

/// Lines of `rows_per_line` rows, cut into parts of lines x columns; rows that fill no line are a part more.
template <class T>
class Lines {
public:
    Lines(const BatchNormShape& shape, const BatchNormTile<T>& whole, const TwoPassWork<T>& work)
        : shape_(shape), whole_(whole), work_(work) {
        const index_t bytes = static_cast<index_t>(sizeof(T)), group = shape.rows_per_line;
        threads_ = shape.size() * bytes < serial_bytes ? 1 : threads::resolve(work.n_jobs);
        columns_ = group * shape.channels;
        lines_ = shape.outer / group;
        rest_ = shape.outer % group;
        column_blocks_ = ceil_div(columns_, part_columns);
        const index_t widest = std::min(columns_, part_columns) * bytes;
        lines_per_part_ = std::max<index_t>(64, line_part_bytes / widest / 8 * 8);
        line_parts_ = ceil_div(lines_, lines_per_part_);
        tasks_ = line_parts_ * column_blocks_ + (rest_ > 0 ? 1 : 0);
    }

    Status run() {
        if (work_.sums != nullptr) {
            const index_t stride = 2 * padded(std::min(columns_, part_columns));
            const arena::Buffer<double> sums(static_cast<std::size_t>(tasks_ * stride));
            for (int attempt = 0; attempt < 2; ++attempt) {
                const Status status = threads::parallel_for(tasks_, threads_, [&](index_t task, int) {
                    double* out = sums.data() + task * stride;
                    std::fill(out, out + stride, 0.0);
                    const BatchNormTile<T> t = tile(task);
                    work_.sums(&t, out);
                });
                if (status != Status::ok) return status;
                if (!finish_all(sums.data(), stride, attempt > 0)) break;
            }
        }
        return threads::parallel_for(tasks_, threads_, [&](index_t task, int) {
            const BatchNormTile<T> t = tile(tasks_ - 1 - task);
            work_.pass(&t);
        });
    }

private:
    static index_t padded(index_t n) { return ceil_div(n, mask_word) * mask_word; }

    BatchNormTile<T> tile(index_t task) const {
        const index_t part = task / column_blocks_, column = task % column_blocks_ * part_columns;
        BatchNormTile<T> t = window(whole_, part * lines_per_part_, 0, column, column);
        t.planes = std::min(lines_per_part_, lines_ - part * lines_per_part_);
        t.length = std::min(part_columns, columns_ - column);
        if (part == line_parts_) {
            t = window(whole_, lines_, 0, 0, 0);
            t.planes = 1;
            t.length = rest_ * shape_.channels;
        }
        return t;
    }

    /// Adds the parts in order, a block of columns after the other, and the rows of a line in order.
    bool finish_all(double* sums, index_t stride, bool again) const {
        const index_t rest_task = line_parts_ * column_blocks_;
        for (index_t block = 0; block < column_blocks_ && line_parts_ > 0; ++block)
            for (index_t part = 1; part < line_parts_; ++part)
                add(sums + block * stride, sums + (part * column_blocks_ + block) * stride, stride);
        bool unsure = false;
        for (index_t c = 0; c < shape_.channels; ++c) {
            double first = 0.0, second = 0.0;
            for (index_t row = 0; row < shape_.rows_per_line && line_parts_ > 0; ++row) {
                const index_t column = row * shape_.channels + c, block = column / part_columns;
                const index_t width = std::min(part_columns, columns_ - block * part_columns);
                const double* at = sums + block * stride + column % part_columns;
                first += at[0];
                second += at[padded(width)];
            }
            for (index_t row = 0; row < rest_; ++row) {
                const double* at = sums + rest_task * stride + row * shape_.channels + c;
                first += at[0];
                second += at[padded(rest_ * shape_.channels)];
            }
            unsure |= work_.finish(work_.context, c, first, second, again);
        }
        return unsure;
    }

    static void add(double* total, const double* part, index_t n) {
        for (index_t i = 0; i < n; ++i) total[i] += part[i];
    }

    const BatchNormShape& shape_;
    const BatchNormTile<T>& whole_;
    const TwoPassWork<T>& work_;
    int threads_;
    index_t columns_, lines_, rest_;
    index_t column_blocks_, lines_per_part_, line_parts_, tasks_;
};

}  // namespace

template <class T>
Status two_pass(const BatchNormShape& shape, const BatchNormTile<T>& whole, const TwoPassWork<T>& work) {
    if (shape.form == Form::planes) return Planes<T>(shape, whole, work).run();
    return Lines<T>(shape, whole, work).run();
}

template Status two_pass(const BatchNormShape&, const BatchNormTile<float>&, const TwoPassWork<float>&);
template Status two_pass(const BatchNormShape&, const BatchNormTile<double>&, const TwoPassWork<double>&);

}  // namespace mlqa::nn
