import Foundation
import Glibc
import TestSupport

extension SearchProblem {
    /// The errors of support vector machines with three kernels, two of which have hyper-parameters of their own. A table of real
    /// trainings, interpolated in the logarithms of C and gamma.
    static func svm() throws -> SearchProblem {
        let path = "Scripts/bench-search/digits-svm.csv"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw BenchError("\(path): not found. Run Scripts/bench, which changes to the repository's folder.")
        }
        var tables: [String: [[Double]]] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let fields = line.split(separator: ",")
            tables[String(fields[0]), default: []].append(fields.dropFirst().map { (Double($0) ?? .nan) / 700 })
        }
        let errors = tables
        return SearchProblem("svm") { trial in
            let kernel = trial.choice("kernel", ["rbf", "poly", "linear"])
            let c = (log10(trial.logUniform("C", 1e-3, 1e3)) + 3) / 6
            if kernel == "linear" {
                let row = errors["linear"]?[0] ?? []
                return interpolated([row, row], row: 0, column: c)
            }
            let gamma = (log10(trial.logUniform("gamma", 1e-6, 10)) + 6) / 7
            let name = kernel == "rbf" ? kernel : "poly\(trial.randint("degree", 2, 4))"
            return interpolated(errors[name] ?? [], row: c, column: gamma)
        }
    }
}

/// Interpolates a table at positions from 0 to 1.
private func interpolated(_ table: [[Double]], row: Double, column: Double) -> Double {
    let (row, column) = (row * Double(table.count - 1), column * Double(table[0].count - 1))
    let (i, j) = (min(max(Int(row), 0), table.count - 2), min(max(Int(column), 0), table[0].count - 2))
    let (u, v) = (row - Double(i), column - Double(j))
    let upper = table[i][j] * (1 - v) + table[i][j + 1] * v
    let lower = table[i + 1][j] * (1 - v) + table[i + 1][j + 1] * v
    return upper * (1 - u) + lower * u
}
