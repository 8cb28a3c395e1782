// One client of the simulation: plain synchronous code that can be left in the middle of a call and resumed later, so
// that the scheduler decides at each call of the store who comes next. On ucontext: one thread, no locks, no races but
// those that are meant.
#pragma once

#include <ucontext.h>

#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace postern::simulation {

class Fiber {
public:
    explicit Fiber(std::function<void()> body) : body_(std::move(body)), stack_(take_stack()) {
        getcontext(&own_);
        own_.uc_stack.ss_sp = stack_.get();
        own_.uc_stack.ss_size = stack_bytes;
        own_.uc_link = nullptr;
        makecontext(&own_, &Fiber::enter, 0);
    }
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;
    // One that is not done is forgotten with all that stands on its stack.
    ~Fiber() { free_stacks().push_back(std::move(stack_)); }

    // Runs until the body yields or ends; throws what the body threw.
    void resume() {
        Fiber* const before = std::exchange(running, this);
        swapcontext(&caller_, &own_);
        running = before;
        if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    }
    [[nodiscard]] bool done() const { return done_; }

    // From within a body; outside of one, nothing.
    static void yield() {
        if (running != nullptr) swapcontext(&running->own_, &running->caller_);
    }

private:
    static constexpr std::size_t stack_bytes = 256UL * 1024;
    using Stack = std::unique_ptr<unsigned char[]>;

    static std::vector<Stack>& free_stacks() {
        static std::vector<Stack> stacks;
        return stacks;
    }
    static Stack take_stack() {
        if (free_stacks().empty()) return Stack(new unsigned char[stack_bytes]);
        Stack stack = std::move(free_stacks().back());
        free_stacks().pop_back();
        return stack;
    }
    static void enter() {
        Fiber& self = *running;
        try {
            self.body_();
        } catch (...) {
            self.thrown_ = std::current_exception();
        }
        self.done_ = true;
        swapcontext(&self.own_, &self.caller_);
    }

    static inline Fiber* running = nullptr;
    std::function<void()> body_;
    Stack stack_;
    ucontext_t own_{};
    ucontext_t caller_{};
    std::exception_ptr thrown_;
    bool done_ = false;
};

}  // namespace postern::simulation
