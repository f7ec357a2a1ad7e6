// The Gram matrix X'X among chosen features, growing as features become active: covariance updates need no
// more of it (J. Friedman, T. Hastie, R. Tibshirani, 2010, section 2.2). A feature keeps its position.
#pragma once

#include <vector>

#include "core/arena.hpp"
#include "linear_model/design.hpp"

namespace mlqa::linear_model {

class Gram {
public:
    static constexpr index_t limit = 4096;  ///< most features: 128 MB

    explicit Gram(const Design& design);

    /// Takes a complete matrix that the caller owns, rows in one run of memory.
    void adopt(const double* gram);
    /// Adds those of the features that are not in yet.
    Status include(const std::vector<index_t>& features);

    index_t size() const { return static_cast<index_t>(features_.size()); }
    /// Features of `features` that are not in yet.
    index_t missing(const std::vector<index_t>& features) const;
    index_t feature(index_t position) const { return features_[static_cast<std::size_t>(position)]; }
    /// -1: not in
    index_t position(index_t feature) const { return position_[static_cast<std::size_t>(feature)]; }
    const double* row(index_t position) const { return data_ + position * stride_; }

private:
    void reserve(index_t size);

    const Design& design_;
    const double* data_ = nullptr;
    index_t stride_ = 0;
    arena::Buffer<double> own_;
    std::vector<index_t> features_;  ///< by position
    std::vector<index_t> position_;  ///< by feature
};

}  // namespace mlqa::linear_model
