// Runs the simulation: a million steps from fixed seeds and a fresh one. A run that fails says how to see it again.
//
//   POSTERN_SIMULATION_SEED=N   this seed alone
//   POSTERN_SIMULATION_STEPS=N  that many steps of each seed's runs in all
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "world.hpp"

namespace postern::simulation {
namespace {

constexpr std::size_t default_steps = 1'000'000;
// A run begins with an empty database, so that what is rare at the beginning of a life comes often enough.
constexpr std::size_t run_steps = 10'000;

std::size_t from_environment(const char* name, std::size_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::vector<std::uint64_t> seeds() {
    if (const auto seed = from_environment("POSTERN_SIMULATION_SEED", 0)) return {seed};
    return {1, 1'000'000, 2'000'000, (std::uint64_t{std::random_device{}()} << 8U) + 1};
}

// Empty when all went well.
std::string run(std::uint64_t seed, std::size_t steps) {
    World world(seed);
    for (std::size_t step = 1; step <= steps; ++step) {
        try {
            world.step();
        } catch (const Violation& violation) {
            return "seed " + std::to_string(seed) + ", step " + std::to_string(step) + ": " + violation.what() +
                   "\nTo see it again:\n  POSTERN_SIMULATION_SEED=" + std::to_string(seed) +
                   " POSTERN_SIMULATION_STEPS=" + std::to_string(step) +
                   " build/release/simulation_test\nWhat came before:\n" + world.history();
        }
    }
    return "";
}

TEST(Simulation, HoldsWhatItPromises) {
    const auto all = seeds();
    const std::size_t steps = from_environment("POSTERN_SIMULATION_STEPS", default_steps) / all.size();
    for (const std::uint64_t seed : all) {
        std::cout << "seed " << seed << ", " << steps << " steps\n";
        for (std::size_t done = 0; done < steps; done += run_steps) {
            const auto failure = run(seed + done / run_steps, std::min(run_steps, steps - done));
            ASSERT_EQ(failure, "") << failure;
        }
    }
}

}  // namespace
}  // namespace postern::simulation
