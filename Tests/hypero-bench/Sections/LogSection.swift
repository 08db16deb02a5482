struct LogSection: Section {
    func run(_ plan: Plan, _ report: Report) throws {
        throw BenchError("not made yet")
    }
}
