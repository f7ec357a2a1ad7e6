// Dual coefficients of one-vs-one machines, as they come out of training and as a model holds them.
//
// Each machine keeps the numbers that are not 0 and a bit a point: of 1000 classes with 20 points in 64
// features 14 of 20 million numbers are not 0, of 100 classes with 100 points in 32 features two of five. A
// bit a place takes less than an index a number, unless these are fewer than one in 32. The model has
// LIBSVM's layout: support vectors sorted by class, and for one of class c its coefficient against class j in
// row j - 1 (j > c) or j (j < c). It is written as a matrix, or as its bits, row by row, and its numbers in
// their order.
#pragma once

#include <cstdint>
#include <vector>

#include "core/arena.hpp"
#include "core/array.hpp"
#include "core/status.hpp"

namespace mlqa::svm {

/// Memory that is handed out piece by piece, to each thread from blocks of its own.
template <class T>
class Pieces {
public:
    void begin(int n_threads) { worker_.resize(static_cast<std::size_t>(n_threads)); }
    /// n uninitialised T.
    T* take(std::size_t n, int worker) {
        Blocks& mine = worker_[static_cast<std::size_t>(worker)];
        if (mine.left < n || mine.block.empty()) {
            mine.size = n > mine.size ? n : mine.size;
            mine.block.emplace_back(mine.size);
            mine.left = mine.size;
            if (mine.size < most) mine.size *= 2;
        }
        T* const piece = mine.block.back().end() - mine.left;
        mine.left -= n;
        return piece;
    }

    /// The last n of the piece that was taken last.
    void give_back(std::size_t n, int worker) { worker_[static_cast<std::size_t>(worker)].left += n; }

private:
    static constexpr std::size_t most = std::size_t{1} << 18;
    struct Blocks {
        std::vector<arena::Buffer<T>> block;
        std::size_t left = 0, size = 256;
    };
    std::vector<Blocks> worker_;
};

class Coefficients {
public:
    /// No machine has any yet. `start`: classes + 1 offsets of their points.
    void begin(index_t classes, const index_t* start, int n_threads);
    /// Those of the machine of classes a < b: of the points of a, then of b. Threads may keep at a time.
    void keep(index_t a, index_t b, const double* beta, int worker);
    /// All machines are done: finds the support vectors.
    void end();

    /// Numbers that are not 0 so far, counted while no thread keeps.
    index_t count() const;
    /// Positions of the support vectors among the points, and how many they are of each class.
    const std::vector<index_t>& support() const { return support_; }
    const std::vector<index_t>& support_count() const { return support_count_; }
    index_t rows() const { return classes_ - 1; }
    index_t columns() const { return static_cast<index_t>(support_.size()); }
    /// Bytes of a row of bits.
    index_t row_bytes() const { return (columns() + 7) / 8; }

    /// rows() x columns(), zeros included.
    Status dense(double* out, int n_threads) const;
    /// rows() x row_bytes(), the first column in the lowest bit; and count() numbers.
    Status packed(std::uint8_t* present, double* values, int n_threads) const;

private:
    /// What one machine keeps.
    struct Machine {
        const std::uint64_t* present = nullptr;  ///< whole words for each class
        const double* value = nullptr;
        index_t count[2] = {0, 0};  ///< of each class
    };
    /// The coefficients of the points of a class against one other.
    struct Part {
        const std::uint64_t* present;
        const double* value;
        index_t count;
    };

    index_t size(index_t c) const {
        return start_[static_cast<std::size_t>(c) + 1] - start_[static_cast<std::size_t>(c)];
    }
    Part part(index_t c, index_t row) const;
    template <class Visit>
    void visit(index_t row, Visit&& visit) const;

    index_t classes_ = 0;
    std::vector<index_t> start_, word_;  ///< offsets of the classes: points, words of bits
    std::vector<Machine> machine_;
    Pieces<std::uint64_t> bits_;
    Pieces<double> numbers_;
    std::vector<std::vector<std::uint64_t>> used_;  ///< a thread: points of the support of its machines
    std::vector<index_t> kept_;                     ///< a thread: numbers
    std::vector<index_t> support_, support_count_;
};

/// Bits that are set.
index_t count_present(const std::uint8_t* present, index_t bytes);
/// The matrix of what packed() wrote: `present` has rows of (columns + 7) / 8 bytes.
Status unpack(const std::uint8_t* present, const double* values, index_t rows, index_t columns, double* out,
              int n_threads);

}  // namespace mlqa::svm
