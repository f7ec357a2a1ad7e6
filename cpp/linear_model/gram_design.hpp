// A design of which only the Gram matrix is known: a path with complete Gram matrix needs no more.
#pragma once

#include "linear_model/design.hpp"

namespace mlqa::linear_model {

class GramDesign final : public Design {
public:
    /// `gram` (p x p, rows in one run of memory) is the caller's and has to outlive this; `norms` bound
    /// ||x_j|| and what cancelled in the entries of row j.
    GramDesign(index_t samples, index_t features, const double* gram, const double* norms);

    double column_cost() const override { return static_cast<double>(n_); }
    double start(const double*) const override { return 0.0; }
    void settle(double*, double) const override {}
    Status gram_rows(const index_t* features, index_t first, index_t count, double* gram,
                     index_t ld) const override;

    /// There are no columns: these throw std::logic_error.
    double dot(index_t, const double*, double) const override;
    void add(index_t, double, double*, double*) const override;
    std::unique_ptr<Sweeper> sweeper(const index_t*, index_t, double) const override;

private:
    const double* gram_;
};

}  // namespace mlqa::linear_model
