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

/// The machines 0, ..., count - 1, whoever they are. `make` and, once a machine is gone, `finish` are called
/// from any thread; nullptr from `make` is a machine that cannot be trained.
struct Crew {
    index_t count = 0;
    std::function<index_t(index_t)> size;  ///< points of a machine
    std::function<std::unique_ptr<Machine>(index_t)> make;
    std::function<void(index_t, Outcome&)> finish;
};

/// Status::cancelled, or ok once all outcomes are there. Progress: the machines done, the coefficients that
/// are not 0 in all of them, the largest violation.
Status train_side_by_side(const Crew& crew, const Settings& settings);

}  // namespace mlqa::svm
