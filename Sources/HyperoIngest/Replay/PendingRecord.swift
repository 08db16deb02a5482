import HyperoSchema

/// A command of an archive by its content: a control stream that began again may have its id twice.
struct ArchivedCommand: Hashable {
    let id: StreamID
    let event: ControlEvent
}

/// A record of an archive that takes effect after an entry: a command, or the number of entries or commands that must have occurred.
struct PendingRecord: Comparable {
    let after: ArchiveKey
    var number: Int?
    var command: ArchivedCommand?
    /// The number of the command; nil if it is unknown.
    var commandNumber: Int?
    /// The time of the command; nil if it is that of the id.
    var commandTime: Int64?
    /// The number of commands that must have occurred.
    var commandCount: Int?
    /// The number of commands that could not be archived.
    var lostCommands = 0

    /// A number of commands is after the command that has it.
    private var order: (ArchiveKey, Int, StreamID) {
        (after, commandNumber ?? commandCount ?? 0, command?.id ?? (commandCount == nil ? .zero : .highest))
    }

    static func < (left: Self, right: Self) -> Bool { left.order < right.order }
}

/// Elements of which the lowest one is taken next. Each addition and removal takes a logarithmic number of comparisons.
struct Heap<Element: Comparable> {
    /// Each element is not above those at the double of its index plus one and two.
    private var elements: [Element] = []

    /// The lowest element; nil if there is none.
    var first: Element? { elements.first }

    mutating func add(_ element: Element) {
        var index = elements.count
        elements.append(element)
        while index > 0, elements[index] < elements[(index - 1) / 2] {
            elements.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// Removes the lowest element, if there is one.
    mutating func removeFirst() {
        guard let last = elements.popLast(), !elements.isEmpty else { return }
        elements[0] = last
        var index = 0
        while true {
            var lowest = index
            for child in [2 * index + 1, 2 * index + 2] where child < elements.count {
                if elements[child] < elements[lowest] { lowest = child }
            }
            guard lowest != index else { return }
            elements.swapAt(index, lowest)
            index = lowest
        }
    }
}
