import Quern

extension Graph {
  /// Multiply-adds of the products that outputs and updates are computed from.
  ///
  /// Reads at indices that do not exist, as in the gradient of a strided convolution, are left out;
  /// those of padding are counted.
  var multiplyAdds: Int {
    var isNeeded = [Bool](repeating: false, count: nodes.count)
    for root in roots { isNeeded[root.index] = true }
    var sum = 0
    for index in nodes.indices.reversed() where isNeeded[index] {
      for operand in nodes[index].operands { isNeeded[operand.index] = true }
      guard case .contraction(let contraction) = nodes[index].op, contraction.factors.count == 2,
        contraction.factors.allSatisfy({ $0.match == nil })
      else { continue }
      let divisors = contraction.factors.flatMap(\.map).reduce(1) { $0 * $1.divisor }
      sum += contraction.multiplyAdds / divisors
    }
    return sum
  }
}
