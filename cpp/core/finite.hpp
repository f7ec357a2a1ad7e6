// Whether numbers are finite, by their bits: arithmetic would raise floating-point exceptions on the way.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "core/array.hpp"

namespace mlqa {

template <class T>
bool is_finite(MatrixView<const T> x) {
    using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
    constexpr Bits one = Bits{1} << (std::numeric_limits<T>::digits - 1);
    constexpr Bits sign = Bits{1} << (8 * sizeof(T) - 1), exponent = sign - one;
    // NaN and infinity have an exponent of ones: one more carries into the sign.
    const auto carry = [](const T& v) {
        Bits bits;
        std::memcpy(&bits, &v, sizeof bits);
        return (bits & exponent) + one;
    };
    if (x.columns_contiguous()) x = {x.data, x.cols, x.rows, x.col_stride, x.row_stride};
    if (x.rows_contiguous() && x.row_stride == x.cols) x = {x.data, 1, x.rows * x.cols, 0, 1};
    for (index_t i = 0; i < x.rows; ++i) {
        const T* row = x.row(i);
        Bits carried = 0;
        if (x.rows_contiguous())
            for (index_t k = 0; k < x.cols; ++k) carried |= carry(row[k]);
        else
            for (index_t k = 0; k < x.cols; ++k) carried |= carry(row[k * x.col_stride]);
        if ((carried & sign) != 0) return false;
    }
    return true;
}

}  // namespace mlqa
