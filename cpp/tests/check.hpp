// The smallest test frame: TEST(name) { CHECK(condition); }, and a main that runs every test of the file.
#pragma once

#include <cstdio>
#include <exception>
#include <vector>

namespace mlqa::tests {

struct Test {
    const char* name;
    void (*run)();
};

inline std::vector<Test>& registry() {
    static std::vector<Test> tests;
    return tests;
}

inline int& failures() {
    static int count = 0;
    return count;
}

inline bool add(const char* name, void (*run)()) noexcept {
    registry().push_back({name, run});
    return true;
}

inline void fail(const char* file, int line, const char* what) {
    ++failures();
    std::fprintf(stderr, "%s:%d: %s\n", file, line, what);
}

}  // namespace mlqa::tests

#define TEST(name)                                                    \
    static void name();                                               \
    static const bool name##_added = ::mlqa::tests::add(#name, name); \
    static void name()

#define CHECK(...)                                                                 \
    do {                                                                           \
        if (!(__VA_ARGS__)) ::mlqa::tests::fail(__FILE__, __LINE__, #__VA_ARGS__); \
    } while (false)

#define CHECK_THROWS(type, ...)                                            \
    do {                                                                   \
        bool thrown = false;                                               \
        try {                                                              \
            (void)(__VA_ARGS__);                                           \
        } catch (const type&) {                                            \
            thrown = true;                                                 \
        }                                                                  \
        if (!thrown) ::mlqa::tests::fail(__FILE__, __LINE__, "no " #type); \
    } while (false)

int main() {
    for (const auto& test : mlqa::tests::registry()) {
        const int before = mlqa::tests::failures();
        try {
            test.run();
        } catch (const std::exception& error) {
            mlqa::tests::fail(__FILE__, __LINE__, error.what());
        }
        std::printf("%s %s\n", mlqa::tests::failures() == before ? "ok  " : "FAIL", test.name);
    }
    std::printf("%zu tests, %d failures\n", mlqa::tests::registry().size(), mlqa::tests::failures());
    return mlqa::tests::failures() == 0 ? 0 : 1;
}
