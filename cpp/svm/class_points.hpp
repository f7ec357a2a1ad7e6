// The dense points of all classes, prepared once for the machines of every two of them: what k - 1 machines
// of a class would each compute, squared norms, the centre, and float panels.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "svm/ovo.hpp"
#include "svm/row_source.hpp"
#include "svm/rows.hpp"

namespace mlqa::svm {

class ClassPoints {
public:
    /// `all` are the points of the problem in its order; both must outlive this. `lends`: machines of a class
    /// share rows among its points, which take up to own_bytes() in all.
    ClassPoints(const Problem& problem, const PointSet& all, bool lends);
    static double own_bytes(const Problem& problem);

    /// Whether the points of classes a and b lie far away from the centre of all points.
    bool far(index_t a, index_t b) const;
    /// Whether those of no two classes do.
    bool centred() const;
    /// The points of classes a and b, whose rows are `index`, which must outlive the set. If they lie far
    /// away from the centre of all, they get one of their own, and share nothing.
    std::unique_ptr<PointSet> pair(index_t a, index_t b, const index_t* index);

private:
    void add_up();

    const Problem& problem_;
    const PointSet& all_;
    std::deque<SharedPanels> panels_;  ///< a class
    std::vector<double> sums_;         ///< classes x features: of the points less the centre; or empty
    std::vector<double> squares_;      ///< sums of their squared norms, a class
};

}  // namespace mlqa::svm
