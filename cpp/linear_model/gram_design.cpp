#include "linear_model/gram_design.hpp"

#include <stdexcept>

namespace mlqa::linear_model {
namespace {

[[noreturn]] void no_columns() {
    throw std::logic_error("a Gram matrix has no columns");
}

}  // namespace

GramDesign::GramDesign(index_t samples, index_t features, const double* gram, const double* norms)
    : Design(samples, features, 1), gram_(gram) {
    entry_error_ = 0x1p-51;  // x - m and its product with the root of a weight were rounded
    for (index_t j = 0; j < features; ++j) {
        squared_norms_[static_cast<std::size_t>(j)] = gram[j * features + j];
        norm_bounds_[static_cast<std::size_t>(j)] = norms[j] * (1 + 4 * sum_error());
    }
}

Status GramDesign::gram_rows(const index_t* features, index_t first, index_t count, double* gram,
                             index_t ld) const {
    for (index_t i = first; i < count; ++i)
        for (index_t k = 0; k <= i; ++k) gram[i * ld + k] = gram_[features[i] * p_ + features[k]];
    return Status::ok;
}

double GramDesign::dot(index_t, const double*, double) const {
    no_columns();
}

void GramDesign::add(index_t, double, double*, double*) const {
    no_columns();
}

std::unique_ptr<Design::Sweeper> GramDesign::sweeper(const index_t*, index_t, double) const {
    no_columns();
}

}  // namespace mlqa::linear_model
