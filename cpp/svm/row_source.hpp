// Where a machine gets its kernel values from: rows over the points that are at work, in float or double.
//
// Values of dense points come from panels (PanelRows), in float or, where that cannot serve a machine, in
// double; those of sparse points and given matrices are double (SetRows). Float panels of a class serve all
// of its machines (SharedPanels): the columns of a row then come from two runs of panels, without a gap.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/own_rows.hpp"
#include "svm/panel_formats.hpp"
#include "svm/rows.hpp"

namespace mlqa::svm {

template <class T>
class RowSource {
public:
    explicit RowSource(index_t size, index_t stride) : size_(size), stride_(stride) {}
    virtual ~RowSource() = default;
    RowSource(const RowSource&) = delete;
    RowSource& operator=(const RowSource&) = delete;

    /// Points at work, and the length of a row with its filling, which holds numbers.
    index_t size() const { return size_; }
    index_t stride() const { return stride_; }
    /// out[r][j] = k(point which[r], point j) for all points at work.
    virtual Status rows(const index_t* which, index_t m, T* const* out, int n_threads) = 0;
    /// Whether values among a few points take less to compute than to look them up in rows: block() then may
    /// be called.
    virtual bool computes_blocks() const { return false; }
    /// The columns which[0], ..., which[m - 1] of these rows. `then(first, last)` is called by a thread once
    /// it has rows first <= r < last.
    virtual Status block(const index_t*, index_t, T* const*, int,
                         const std::function<void(index_t, index_t)>&) {
        return Status::ok;
    }
    /// Whether k(x, z) and k(z, x) have the same bits.
    virtual bool symmetric() const { return true; }
    /// Whether keep() may be called.
    virtual bool can_keep() const { return false; }
    /// From now on the points are kept[0], ..., kept[n - 1] of those there were.
    virtual void keep(const index_t*, index_t) {}

protected:
    index_t size_, stride_;
};

/// Packed points and their squared norms.
template <class Format>
class Panels {
public:
    using Value = typename Format::Value;
    using Number = typename Format::Number;

    /// Takes the caller's points `index` of `set`, less its centre.
    void pack(const PointSet& set, const index_t* index, index_t n);
    index_t size() const { return size_; }
    PackedColumns<Format> columns() const { return {values_.data(), norms_.data()}; }

private:
    index_t size_ = 0;
    arena::Buffer<Number> values_;
    arena::Buffer<Value> norms_;  ///< filled up with zeros to a whole panel
};

/// What machines share of a class: its points in panels, and rows among them.
template <class Format>
struct SharedClass {
    Panels<Format> panels;
    std::unique_ptr<OwnRows<typename Format::Value>> rows;  ///< nullptr: not shared
};

/// A run of the points of a set, which must outlive it, packed by the first machine that asks.
class SharedPanels {
public:
    /// `lends`: rows among the points are shared as well.
    SharedPanels(const PointSet& set, index_t first, index_t n, bool lends)
        : set_(set), first_(first), size_(n), lends_(lends) {}
    /// nullptr: in this format, double, nobody shares them.
    template <class Format>
    SharedClass<Format>* get();

private:
    template <class Format>
    struct Once {
        std::once_flag flag;
        SharedClass<Format> shared;
    };
    template <class Format>
    SharedClass<Format>* packed(Once<Format>& once);

    const PointSet& set_;
    index_t first_, size_;
    bool lends_;
    Once<NumberFormat<float>> numbers_;
    Once<FixedFormat<float>> fixed_;
};

/// Dense points in panels.
template <class Format>
class PanelRows final : public RowSource<typename Format::Value> {
public:
    using Value = typename Format::Value;
    using Number = typename Format::Number;

    explicit PanelRows(const PointSet& points);
    Status rows(const index_t* which, index_t m, Value* const* out, int n_threads) override;
    bool computes_blocks() const override;
    /// `out` holds rows of whole panels.
    Status block(const index_t* which, index_t m, Value* const* out, int n_threads,
                 const std::function<void(index_t, index_t)>& then) override;
    bool can_keep() const override { return true; }
    void keep(const index_t* kept, index_t n) override;

private:
    /// Rows to be computed: where their values at each part go, and at which parts they are wanted.
    struct Rows {
        std::vector<index_t> which;
        std::vector<Value*> out[2];
        bool wanted[2];
        index_t place;  ///< of the first one in the block

        index_t size() const { return static_cast<index_t>(which.size()); }
    };

    void pack();
    void lay_out(const Panels<Format>& first, const Panels<Format>& second);
    void make_block(index_t rows);
    void pack_block(const index_t* which, index_t m, index_t place, int n_threads);
    PackedRows<Format> block_rows(index_t place, index_t m) const;
    void sort(const index_t* which, index_t m, Value* const* out);
    void compute(int part, index_t first, index_t last) const;
    void borrow();
    index_t lend();
    /// Which part point i belongs to, and as which of its points.
    int part_of(index_t i) const { return i < part_[0]->size() ? 0 : 1; }
    index_t within(index_t i) const { return i < part_[0]->size() ? i : i - part_[0]->size(); }
    Value norm(index_t i) const { return part_[part_of(i)]->columns().norms[within(i)]; }

    const PointSet& points_;
    std::vector<index_t> index_;  ///< rows of the caller's points
    std::vector<index_t> block_index_;
    Panels<Format> own_, none_;
    const Panels<Format>* part_[2] = {nullptr, nullptr};  ///< the points, in this order
    OwnRows<Value>* shared_rows_[2] = {nullptr, nullptr};
    /// Rows that lack both parts, and those of part 0 and of part 1 that lack the other one alone.
    Rows whole_{{}, {}, {true, true}, 0},
        known_[2] = {{{}, {}, {false, true}, 0}, {{}, {}, {true, false}, 0}};
    arena::Buffer<Number> block_, block_panels_;
    arena::Buffer<Value> block_norms_;
};

/// Rows of dense points in float: in fixed point where the set says so.
std::unique_ptr<RowSource<float>> float_rows(const PointSet& points);

/// Double values of sparse points and of given matrices.
class SetRows final : public RowSource<double> {
public:
    explicit SetRows(const PointSet& points)
        : RowSource<double>(points.size(), points.stride()), points_(points) {}
    bool symmetric() const override { return points_.function().kind != Kernel::precomputed; }
    Status rows(const index_t* which, index_t m, double* const* out, int n_threads) override {
        points_.pack(which, m, block_);
        return points_.rows(block_, out, n_threads);
    }

private:
    const PointSet& points_;
    Block block_;
};

/// Bounds the error of every kernel value in float, |computed - exact| <= absolute + relative exact.
///
/// With u = 2^-24 and gamma = (r d + 8) u / (1 - (r d + 8) u), r roundings a term, a product of d features
/// that were rounded to float errs by gamma |x| |z| at most (pairwise/tiles.hpp; the features add 2 u + u^2,
/// the parameters of the kernel and sums of norms the rest of the 8 u). In fixed point gamma |x|^2 is the
/// bound of pairwise/fixed.hpp and 8 u |x|^2, for the longest x. That makes 2 gamma (|x|^2 + |z|^2) for a
/// squared distance, of which the exponential makes a relative error; powers multiply the relative error of
/// their base, tanh does not enlarge it. exp and tanh add 2 ulp.
struct FloatError {
    double absolute = 0.0;
    double relative = 0.0;

    /// Whether float values are of use at all.
    bool finite() const { return absolute + relative < 1e300; }
    /// At most, for |k| <= largest.
    double worst(double largest) const { return absolute + relative * largest; }
};
FloatError float_error(const PointSet& points);

}  // namespace mlqa::svm
