// A machine that has all of its kernel values in memory, in double (smo.hpp).
#pragma once

#include <vector>

#include "svm/pair_steps.kernel.hpp"
#include "svm/smo.hpp"

namespace mlqa::svm {

/// Kernel values that are there already: row t and column t of point t.
struct KernelMatrix {
    const double* values = nullptr;  ///< followed by State::filling() numbers that are read and never used
    index_t stride = 0;
    const double* diagonal = nullptr;
    double largest = 0.0;  ///< at least |k|
};

class DirectMachine final : public Machine {
public:
    /// No machine yet: restart() makes it one.
    explicit DirectMachine(const Settings& settings) : Machine(settings) {}
    /// A machine with a set of its own, which must outlive it.
    DirectMachine(const Task& task, const Settings& settings, PointSet& points);

    /// From now on the machine of points of this matrix, those of the two classes each contiguous from
    /// `first` and `second`. Memory is that of the machine before, if that was as large. `in_turn`: its steps
    /// are taken by svm/pair_steps.kernel.hpp, set() before them and reached() after them, which is for
    /// classifiers with one sum; otherwise by advance().
    void restart(const Task& task, const KernelMatrix& matrix, index_t first, index_t second, bool in_turn);
    bool advance(int n_threads) override;
    PairSet set();
    bool reached(const StepReport& report);

private:
    void begin();
    void layout(const Task& task, index_t first, index_t second, const double* diagonal);
    WorkingSet<double> working_set();
    /// Steps that take some milliseconds and may be taken.
    index_t slice() const;
    const double* row(index_t variable) const;
    void compute_rows(int n_threads);
    void refresh();
    bool end(Status status);

    const PointSet* points_ = nullptr;
    const double* k_ = nullptr;
    index_t stride_ = 0;
    double largest_ = 0.0;
    index_t column_[2] = {0, 0};
    std::vector<index_t> row_;  ///< of the matrix, a variable
    std::vector<const double*> rows_, used_, part_;
    std::vector<double> weight_;
    arena::Buffer<double> own_;
    index_t next_row_ = 0;
    int refreshes_ = 0;
    bool begun_ = false;
};

}  // namespace mlqa::svm
