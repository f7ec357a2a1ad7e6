#include "svm/class_points.hpp"

#include <numeric>

namespace mlqa::svm {
namespace {

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

}  // namespace

ClassPoints::ClassPoints(const Problem& problem, const PointSet& all, bool lends)
    : problem_(problem), all_(all) {
    for (index_t c = 0; c < problem.classes; ++c)
        panels_.emplace_back(all_, problem.start[c], problem.size(c), lends);
    // Else rounding errors of the distances are none of the values, whatever the centre.
    if (problem.function.kind == Kernel::rbf && problem.function.gamma * all.longest() > 1.0) add_up();
}

double ClassPoints::own_bytes(const Problem& problem) {
    double values = 0;
    for (index_t c = 0; c < problem.classes; ++c)
        values += static_cast<double>(problem.size(c)) * static_cast<double>(problem.size(c));
    return values * sizeof(float);
}

void ClassPoints::add_up() {
    const MatrixView<const double>& x = problem_.points.dense;
    const index_t d = problem_.points.features(), *start = problem_.start;
    sums_.assign(at(problem_.classes * d), 0.0);
    for (index_t c = 0; c < problem_.classes; ++c) {
        double* sum = sums_.data() + c * d;
        for (index_t i = start[c]; i < start[c + 1]; ++i)
            for (index_t k = 0; k < d; ++k) sum[k] += x(all_.source(i), k);
        for (index_t k = 0; all_.centre() != nullptr && k < d; ++k)
            sum[k] -= static_cast<double>(problem_.size(c)) * all_.centre()[k];
        squares_.push_back(std::accumulate(all_.norms() + start[c], all_.norms() + start[c + 1], 0.0));
    }
}

bool ClassPoints::far(index_t a, index_t b) const {
    if (sums_.empty()) return false;
    const index_t d = problem_.points.features();
    const auto n = static_cast<double>(problem_.size(a) + problem_.size(b));
    double distance = 0;
    for (index_t k = 0; k < d; ++k) {
        const double mean = (sums_[at(a * d + k)] + sums_[at(b * d + k)]) / n;
        distance += mean * mean;
    }
    return far_away(distance, (squares_[at(a)] + squares_[at(b)]) / n - distance);
}

bool ClassPoints::centred() const {
    for (index_t a = 0; a < problem_.classes; ++a)
        for (index_t b = a + 1; b < problem_.classes; ++b)
            if (far(a, b)) return false;
    return true;
}

std::unique_ptr<PointSet> ClassPoints::pair(index_t a, index_t b, const index_t* index) {
    const index_t of_a = problem_.size(a), of_b = problem_.size(b);
    if (far(a, b))
        return std::make_unique<PointSet>(problem_.points, index, index, of_a + of_b, problem_.function, 1);
    return std::make_unique<PointSet>(all_, Part{problem_.start[a], of_a, &panels_[at(a)]},
                                      Part{problem_.start[b], of_b, &panels_[at(b)]}, index);
}

}  // namespace mlqa::svm
