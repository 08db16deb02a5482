struct EndToEndSection: Section {
    func run(_ plan: Plan, _ report: Report) throws {
        throw BenchError("not made yet")
    }
}
