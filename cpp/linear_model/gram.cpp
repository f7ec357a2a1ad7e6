#include "linear_model/gram.hpp"

#include <algorithm>

namespace mlqa::linear_model {

Gram::Gram(const Design& design)
    : design_(design), position_(static_cast<std::size_t>(design.features()), -1) {}

void Gram::adopt(const double* gram) {
    data_ = gram;
    stride_ = design_.features();
    features_.resize(position_.size());
    for (index_t j = 0; j < stride_; ++j)
        features_[static_cast<std::size_t>(j)] = position_[static_cast<std::size_t>(j)] = j;
}

index_t Gram::missing(const std::vector<index_t>& features) const {
    return std::count_if(features.begin(), features.end(), [&](index_t j) { return position(j) < 0; });
}

Status Gram::include(const std::vector<index_t>& features) {
    const index_t old = size(), now = old + missing(features);
    if (now == old) return Status::ok;
    reserve(now);
    for (const index_t j : features) {
        if (position(j) >= 0) continue;
        position_[static_cast<std::size_t>(j)] = size();
        features_.push_back(j);
    }
    double* gram = own_.data();
    const Status status = design_.gram_rows(features_.data(), old, now, gram, stride_);
    if (status != Status::ok) return status;
    for (index_t i = old; i < now; ++i)
        for (index_t k = 0; k < i; ++k) gram[k * stride_ + i] = gram[i * stride_ + k];
    return Status::ok;
}

void Gram::reserve(index_t size) {
    if (size <= stride_) return;
    const index_t old = this->size();
    const index_t stride = std::min(design_.features(), std::max(size, 2 * stride_ + 32));
    arena::Buffer<double> larger(static_cast<std::size_t>(stride) * static_cast<std::size_t>(stride));
    for (index_t i = 0; i < old; ++i) std::copy_n(row(i), old, larger.data() + i * stride);
    own_ = std::move(larger);
    data_ = own_.data();
    stride_ = stride;
}

}  // namespace mlqa::linear_model
