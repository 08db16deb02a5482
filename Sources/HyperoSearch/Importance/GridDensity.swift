import Glibc

/// The probability of each cell of a scale, estimated from the number of observations in the cells.
///
/// Numbers: a kernel density on the grid. Each cell with observations has a Gaussian kernel of Scott's width,
/// 1.059 min(IQR / 1.34, sd) n^(-1/5), at least 0.5 / 1.64 cells. A prior kernel of weight 1 has its centre in the middle and the
/// width of the grid. All kernels are truncated to the grid, and integrated over each cell. Categories: the relative frequencies
/// with a prior of weight 1 that is divided equally.
///
/// Source: Watanabe, Bansal, Hutter, "PED-ANOVA", IJCAI 2023 (arXiv 2304.10255), section 4. Scott, "Multivariate Density
/// Estimation", 1992.
enum GridDensity {
    /// A probability that no cell falls below, so that a quotient of two densities is finite.
    private static let floor = 1e-12

    /// Returns the probabilities of the cells.
    ///
    /// - Parameters:
    ///   - counts: the number of observations per cell, with a sum of at least 1.
    ///   - isNumeric: true if the cells are in an order.
    static func probabilities(of counts: [Int], isNumeric: Bool) -> [Double] {
        isNumeric && counts.count > 1 ? smoothed(counts) : relative(counts)
    }

    private static func relative(_ counts: [Int]) -> [Double] {
        let total = Double(counts.reduce(0, +)) + 1
        return counts.map { (Double($0) + 1 / Double(counts.count)) / total + floor }
    }

    private static func smoothed(_ counts: [Int]) -> [Double] {
        let total = Double(counts.reduce(0, +))
        let width = kernelWidth(of: counts, total: total)
        let size = counts.count
        // The integral of a kernel from its centre to the borders of cells, which depends on their distance only.
        let borders = (-size...size).map { normalCDF((Double($0) + 0.5) / width) }
        var probabilities = [Double](repeating: 0, count: size)
        for (center, count) in counts.enumerated() where count > 0 {
            // borders[size + k] is the integral up to the upper border of the cell at the distance k.
            let whole = borders[size + size - 1 - center] - borders[size - 1 - center]
            let weight = Double(count) / (total + 1) / whole
            for cell in 0..<size {
                probabilities[cell] += weight * (borders[size + cell - center] - borders[size - 1 + cell - center])
            }
        }
        let middle = Double(size - 1) / 2
        let prior = (0...size).map { normalCDF((Double($0) - 0.5 - middle) / Double(size)) }
        let weight = 1 / (total + 1) / (prior[size] - prior[0])
        for cell in 0..<size { probabilities[cell] += weight * (prior[cell + 1] - prior[cell]) + floor }
        return probabilities
    }

    /// Returns Scott's width in cells.
    private static func kernelWidth(of counts: [Int], total: Double) -> Double {
        var sum = 0.0
        for (cell, count) in counts.enumerated() { sum += Double(cell) * Double(count) }
        let mean = sum / total
        var squares = 0.0
        for (cell, count) in counts.enumerated() where count > 0 {
            squares += (Double(cell) - mean) * (Double(cell) - mean) * Double(count)
        }
        let deviation = (squares / max(1, total - 1)).squareRoot()
        let number = Int(total)
        let range = Double(
            quantile(of: counts, above: number * 3 / 4, orEqual: false)
                - quantile(of: counts, above: number / 4, orEqual: true))
        return max(1.059 * min(range / 1.34, deviation) * pow(total, -0.2), 0.5 / 1.64)
    }

    /// Returns the first cell with observations whose cumulated count exceeds a number, or reaches it; the last one if none does.
    private static func quantile(of counts: [Int], above limit: Int, orEqual: Bool) -> Int {
        var cumulated = 0
        var last = 0
        for (cell, count) in counts.enumerated() where count > 0 {
            cumulated += count
            last = cell
            if cumulated > limit || orEqual && cumulated == limit { return cell }
        }
        return last
    }

    private static func normalCDF(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

    /// Returns the Pearson divergence of a density from another one: the sum of p (q / p - 1)².
    static func divergence(of q: [Double], from p: [Double]) -> Double {
        var sum = 0.0
        for (p, q) in zip(p, q) { sum += p * (q / p - 1) * (q / p - 1) }
        return sum
    }
}
