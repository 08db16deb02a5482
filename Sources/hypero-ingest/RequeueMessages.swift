import HyperoIngest
import HyperoRedis
import HyperoSchema

extension RequeueError {
    /// The description, with the option that avoids the error.
    var message: String {
        switch code {
        case .ambiguousID: "\(description). Choose one with --partition"
        case .partitioned(let key): Self.message(ofOthersIn: key, outcome: "not requeued")
        case .redis(let error) where error.code == .noPermission: "\(description). \(AccountRole.operator.advice)"
        case .redis(let error) where error.category == .migrating: "\(description). \(migrationAdvice)"
        case .contention, .wrongType, .streamFull, .rejected, .redis: description
        }
    }

    /// The message about an id that no dead letter has.
    static func message(ofUnknown id: String) -> String {
        let reason = id.contains("-") ? "" : ", an id is two numbers joined by -, for example 1763899200000-0"
        return "dead letter not found: '\(id)'\(reason). List the ids with hypero-query dead"
    }

    /// The message about dead letters of another number of partitions, which were not selected.
    static func message(ofOthersIn key: String, outcome: String) -> String {
        "\(outcome): the dead letters in \(key), of another number of partitions. Give --partitions with that number, or any "
            + "that contains the partition"
    }
}

extension Requeue.Report.Rejection {
    /// The reason why the dead letter was not sent, and what to do.
    var message: String {
        switch reason {
        case .truncated(let fields):
            let names = fields.prefix(5).map { printable($0) }.joined(separator: ", ")
            let more = fields.count > 5 ? " and \(fields.count - 5) more" : ""
            return "cannot send \(id): truncated fields. Give --set or --remove for \(names)\(more)"
        case .omitted(let count):
            let fields = count == "1" ? "1 field is" : "\(printable(count)) fields are"
            return "cannot send \(id): \(fields) missing. Log the event again in several entries, then XDEL \(id)"
        }
    }
}
