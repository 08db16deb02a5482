import Foundation

extension Double {
    /// With four digits behind the point, as in the tables of hypero-query.
    var formatted4: String { String(format: "%.4f", self) }
}
