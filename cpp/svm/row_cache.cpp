#include "svm/row_cache.hpp"

#include <algorithm>

namespace mlqa::svm {
namespace {

std::size_t at(index_t i) {
    return static_cast<std::size_t>(i);
}

}  // namespace

RowCache::RowCache(const PointSet& points, double bytes, index_t least)
    : points_(points), slot_(at(points.size()), -1) {
    const double row = static_cast<double>(points.stride()) * sizeof(double);
    const double rows = std::min(bytes / row, static_cast<double>(points.size()));
    capacity_ = std::max(least, static_cast<index_t>(rows));
    // A run of columns that begins inside of a row reads its filling past the end.
    values_ = arena::Buffer<double>(at(capacity_ + 1) * at(points.stride()));
    std::fill(values_.data() + capacity_ * points.stride(), values_.end(), 0.0);
    owner_.assign(at(capacity_), -1);
    stamp_.assign(at(capacity_), 0);
}

/// A free slot, or that of the next victim.
index_t RowCache::take_slot(std::vector<index_t>& victims) {
    if (used_ < capacity_) {
        // The filling of a row is read beside it, so it must hold numbers.
        double* row = values_.data() + used_ * points_.stride();
        std::fill(row + points_.size(), row + points_.stride(), 0.0);
        return used_++;
    }
    const index_t slot = victims.back();
    victims.pop_back();
    slot_[at(owner_[at(slot)])] = -1;
    return slot;
}

Status RowCache::get(const index_t* which, index_t m, int n_threads, const double** rows) {
    ++clock_;
    std::vector<index_t> missing;
    for (index_t r = 0; r < m; ++r) {
        const index_t slot = slot_[at(which[r])];
        if (slot >= 0)
            stamp_[at(slot)] = clock_;
        else
            missing.push_back(which[r]);
    }
    std::vector<index_t> victims;
    const index_t lacking = static_cast<index_t>(missing.size()) - (capacity_ - used_);
    if (lacking > 0) {
        for (index_t slot = 0; slot < used_; ++slot)
            if (stamp_[at(slot)] != clock_) victims.push_back(slot);
        const auto older = [&](index_t a, index_t b) {
            return stamp_[at(a)] != stamp_[at(b)] ? stamp_[at(a)] < stamp_[at(b)] : a < b;
        };
        std::nth_element(victims.begin(), victims.begin() + lacking - 1, victims.end(), older);
        victims.resize(at(lacking));
    }
    std::vector<double*> out;
    for (const index_t i : missing) {
        const index_t slot = take_slot(victims);
        owner_[at(slot)] = i;
        slot_[at(i)] = slot;
        stamp_[at(slot)] = clock_;
        out.push_back(values_.data() + slot * points_.stride());
    }
    Status status = Status::ok;
    if (!missing.empty()) {
        points_.pack(missing.data(), static_cast<index_t>(missing.size()), block_);
        status = points_.rows(block_, out.data(), n_threads);
    }
    for (index_t r = 0; r < m; ++r) rows[r] = values_.data() + slot_[at(which[r])] * points_.stride();
    return status;
}

}  // namespace mlqa::svm
