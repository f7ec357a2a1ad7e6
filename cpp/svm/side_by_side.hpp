// Machines that are trained together: small ones share the threads, large ones have all of them in turn.
//
// Small machines go in groups whose kernel values together fit the cache. Neither that nor the order in which
// a machine does its operations depends on the number of threads.
#pragma once

#include <functional>
#include <memory>

#include "core/array.hpp"
#include "core/status.hpp"
#include "svm/smo.hpp"

namespace mlqa::svm {

/// The machines 0, ..., count - 1, whoever they are.
struct Crew {
    index_t count = 0;
    /// Points of a machine.
    std::function<index_t(index_t machine)> size;
    /// Whether machines have kernel values of their own, and not those of a common matrix.
    bool own_values = true;
    /// Called from any thread. nullptr: a machine that cannot be trained, and will not be finished.
    std::function<std::unique_ptr<Machine>(index_t machine)> make;
    /// Called from any thread, by `worker`, when a machine is gone.
    std::function<void(index_t machine, Outcome&, int worker)> finish;
    /// Called by the caller's thread with the coefficients that are not 0 in the machines at work and their
    /// largest violation: whether the call is cancelled.
    std::function<bool(index_t support, double violation)> report;
};

/// Status::cancelled, or ok once all outcomes are there.
Status train_side_by_side(const Crew& crew, const Settings& settings);

}  // namespace mlqa::svm
