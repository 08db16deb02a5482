/// What a figure is counted in.
enum Unit: String, Encodable {
    case nanoseconds = "ns"
    case microseconds = "µs"
    case milliseconds = "ms"
    case seconds = "s"
    case eventsPerSecond = "events/s"
    case bytes = "B"
    case mebibytes = "MiB"
    case percent = "%"
    case events
    case calls
}
