import ChaosLog
import Glibc

/// The attacks of another user, each of which an adopter of journals once fell for or might fall for.
struct Intruder {
    private let root: String
    private let victim: String
    private let segment: [UInt8]
    private var random: SplitMix64

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")

    init(root: String, victim: String, segment: [UInt8], seed: UInt64) {
        self.root = root
        self.victim = victim
        self.segment = segment
        random = SplitMix64(seed: seed)
        umask(0)
    }

    /// Plants one thing.
    mutating func plant() {
        let name = String((0..<10).map { _ in Self.alphabet[draw(0...31)] })
        let path = "\(root)/\(name)"
        switch draw(0...7) {
        case 0: plantJournal(path)
        case 1: changeJournal(path)
        case 2: truncateJournal(path)
        case 3: swapSegment(path)
        case 4: symlink(victim, path)
        case 5:
            symlink(victim, "\(root)/.\(name)")
            File.makeOld("\(root)/.\(name)")
        case 6: plantHardLink(path)
        default: plantSymbolicLinks(path)
        }
        usleep(UInt32(draw(1...20) * 1_000))
    }

    /// Plants a journal whose records belong to a producer that no training has.
    private func plantJournal(_ path: String) {
        mkdir(path, 0o777)
        File.write([], to: "\(path)/lock")
        File.write(segment, to: "\(path)/1.segment")
    }

    /// Plants a journal whose lengths change after the adopter has checked them.
    private mutating func changeJournal(_ path: String) {
        plantJournal(path)
        for _ in 0..<400 {
            let offset = 1_024 + draw(0...(min(segment.count, 6_000) - 1_040))
            let lengths: [[UInt8]] = [
                [0x40, 0x1F, 0, 0], [0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0x7F], [0, 0x94, 0x35, 0x77], [0x0F, 0, 0, 0],
            ]
            File.overwrite("\(path)/1.segment", at: offset, with: lengths[draw(0...lengths.count - 1)])
            usleep(100)
            File.overwrite("\(path)/1.segment", at: offset, with: Array(segment[offset..<offset + 4]))
        }
    }

    /// Plants a journal that gets shorter after the adopter has mapped it.
    private mutating func truncateJournal(_ path: String) {
        plantJournal(path)
        usleep(UInt32(draw(0...100) * 1_000))
        truncate("\(path)/1.segment", off_t(draw(0...2) * 1_024))
    }

    /// Plants a journal whose segment turns into a link to a file of the victim, and back.
    private mutating func swapSegment(_ path: String) {
        plantJournal(path)
        for _ in 0..<200 {
            symlink("\(victim)/thesis.txt", "\(path)/link")
            rename("\(path)/link", "\(path)/1.segment")
            usleep(UInt32(draw(0...300)))
            File.write(segment, to: "\(path)/copy")
            rename("\(path)/copy", "\(path)/1.segment")
            usleep(UInt32(draw(0...300)))
        }
    }

    /// Plants a hard link to a segment of the victim.
    private mutating func plantHardLink(_ path: String) {
        mkdir(path, 0o777)
        File.write([], to: "\(path)/lock")
        link("\(victim)/\(draw(0...1) == 0 ? "1.segment" : "thesis.txt")", "\(path)/1.segment")
    }

    /// Plants a journal whose files are links to those of the victim.
    private func plantSymbolicLinks(_ path: String) {
        mkdir(path, 0o777)
        symlink("\(victim)/lock", "\(path)/lock")
        symlink("\(victim)/1.segment", "\(path)/1.segment")
    }

    private mutating func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
}
