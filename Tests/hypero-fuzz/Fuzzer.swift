import Foundation
import TestSupport

/// A kind of input and the code that it is fed to.
protocol Fuzzer: SendableMetatype {
    associatedtype Input: Codable, SendableMetatype

    /// The name of the subcommand.
    static var name: String { get }
    /// The number of inputs that one worker runs at the same time. More than one for code that mostly waits.
    static var lanes: Int { get }

    /// Creates real inputs, and stores them in a folder.
    static func makeCorpus(in folder: String) throws

    /// Creates the fuzzer of one lane.
    ///
    /// - Parameter corpus: the folder with the real inputs.
    init(corpus: String) throws

    /// Returns an input. The same seed, index and corpus give the same input.
    func input(seed: UInt64, index: Int) -> Input

    /// Returns the memory in KiB that an input may need in addition to that of most inputs.
    func additionalGrowth(of input: Input) -> Int

    /// Runs an input.
    ///
    /// - Throws: ``TestFailure`` if a promise is broken. A refused input is no error.
    func run(_ input: Input) throws
}

extension Fuzzer {
    func additionalGrowth(of input: Input) -> Int { 0 }

    /// The generator of all random choices of an input.
    func generator(seed: UInt64, index: Int) -> SeededGenerator {
        SeededGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(index))
    }
}
