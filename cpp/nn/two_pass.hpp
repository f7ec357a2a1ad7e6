// The walk that batch normalisation takes forward and backward: sums over each channel, coefficients from
// them, a pass that writes. Sums are made of fixed parts, added in order: neither the number of threads nor
// the choice between the two plans below changes a bit.
//   channel by channel: a block of channels is summed and written while it is in the cache;
//   twice over all:     parts of all channels are summed, then written.
#pragma once

#include <cstdint>

#include "core/status.hpp"
#include "nn/batch_norm.hpp"

namespace mlqa::nn {

/// What differs between forward and backward.
template <class T>
struct TwoPassWork {
    typename BatchNormTable<T>::Sums sums;  ///< null: no sums are needed
    typename BatchNormTable<T>::Pass pass;
    void* context;
    /// Sets the coefficients of channel c from its two sums; true: sum once more (asked for at most once).
    bool (*finish)(void* context, index_t c, double first, double second, bool again);
    int n_jobs;
};

/// `whole` covers the tensors (its coefficients, mask and strides set); in the form of rows its coefficient
/// arrays have room for `rows_per_line` times the channels, padded to mask_word.
template <class T>
Status two_pass(const BatchNormShape& shape, const BatchNormTile<T>& whole, const TwoPassWork<T>& work);

}  // namespace mlqa::nn
