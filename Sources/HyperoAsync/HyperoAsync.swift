public import Hypero
import HyperoCore

// The forms of the client's waits for programs with Swift Concurrency. The client itself is free of it, so that a program
// without it does not link its runtime.
//
// Each wait runs on a thread of its own, because a task that waits must not block a thread of the concurrency runtime. Tasks
// share nothing with that thread but the client, which is safe to use from any thread.

extension Hypero {
    /// Waits until all events logged before this call are confirmed, or until the timeout has passed, without blocking a thread
    /// of the task.
    ///
    /// A cancellation of the task does not end the wait.
    ///
    /// - Parameters:
    ///   - confirmation: The progress to wait for.
    ///   - timeout: The longest wait.
    /// - Returns: As the synchronous form.
    @discardableResult
    public func flush(until confirmation: Confirmation = .applied, timeout: Duration) async -> Bool {
        await onThread { self.flushAndWait(until: confirmation, timeout: timeout) }
    }

    /// Closes the client without blocking a thread of the task.
    ///
    /// A cancellation of the task does not end the wait.
    ///
    /// - Parameter timeout: The longest wait.
    /// - Returns: As the synchronous form.
    @discardableResult
    public func close(timeout: Duration = .seconds(5)) async -> Bool {
        await onThread { self.closeAndWait(timeout: timeout) }
    }

    // Outside of an async context, in which the compiler would choose the async form again.

    private func flushAndWait(until confirmation: Confirmation, timeout: Duration) -> Bool {
        flush(until: confirmation, timeout: timeout)
    }

    private func closeAndWait(timeout: Duration) -> Bool {
        close(timeout: timeout)
    }
}

extension Battery {
    /// Runs a training in an experiment, and ends the experiment.
    ///
    /// ```swift
    /// let model = try await battery.withExperiment { experiment in
    ///     try await train(rate: experiment.logUniform("lr", 1e-5, 0.1), log: experiment)
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - isolation: The actor of the caller, on which the body runs.
    ///   - body: The training. If it returns, the experiment is `done`. If it throws, also because the task was cancelled, the
    ///     experiment is `failed`, and the description of the error is the reason. A body that has ended the experiment itself
    ///     decides the status.
    /// - Returns: The result of the body.
    /// - Throws: The error of the body.
    public func withExperiment<Result, Failure: Error>(
        isolation: isolated (any Actor)? = #isolation, _ body: (Experiment) async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let experiment = experiment()
        do {
            let result = try await body(experiment)
            experiment.finishUnlessEnded()
            return result
        } catch {
            experiment.failUnlessEnded(error)
            throw error
        }
    }
}

/// Runs a body on a thread of its own. If the system cannot create one, the body runs on the task's thread.
private func onThread(_ body: @escaping @Sendable () -> Bool) async -> Bool {
    await withCheckedContinuation { continuation in
        let code = NamedThread.start("hypero-wait") { continuation.resume(returning: body()) }
        if code != 0 { continuation.resume(returning: body()) }
    }
}
