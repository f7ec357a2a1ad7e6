// For tests of kernels: every instruction set of this processor in turn.
#pragma once

#include "core/isa.hpp"

template <class Body>
void on_every_level(Body body) {
    namespace isa = mlqa::isa;
    const isa::Level before = isa::current();
    for (const isa::Level level :
         {isa::Level::baseline, isa::Level::v2, isa::Level::v3, isa::Level::v4, isa::Level::v4_amx})
        if (isa::set_current(level)) body();
    isa::set_current(before);
}
