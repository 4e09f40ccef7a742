import QuernGraph
import QuernInterpreter

/// Whether the last run decided something by so little that rounding may decide it otherwise: a
/// comparison, a rounding to integers, a maximum's place. Exact ties are not meant: they stay ties.
func isNearJump(_ interpreter: Interpreter<Double>, margin: Double) -> Bool {
  let graph = interpreter.graph
  func largest(_ values: [Double]) -> Double { values.reduce(0) { max($0, abs($1)) } }
  func isNear(_ difference: Double, _ size: Double) -> Bool {
    difference != 0 && abs(difference) < margin * size
  }
  for id in graph.ids {
    let node = graph[id]
    guard let first = node.operands.first, graph[first].type.element == .float32 else { continue }
    switch node.op {
    case .elementwise(.less), .elementwise(.lessOrEqual), .elementwise(.equal):
      let a = interpreter.value(of: first)
      let b = interpreter.value(of: node.operands[1])
      let size = max(largest(a), largest(b))
      let rows = positions(graph[first].shape, in: node.shape)
      let columns = positions(graph[node.operands[1]].shape, in: node.shape)
      if zip(rows, columns).contains(where: { isNear(a[$0] - b[$1], size) }) { return true }
    case .elementwise(.select):
      let condition = interpreter.value(of: first)
      let size = largest(condition)
      if condition.contains(where: { isNear($0, size) }) { return true }
    case .elementwise(.floor), .elementwise(.toInt):
      let values = interpreter.value(of: first)
      let size = max(largest(values), 1)
      if values.contains(where: { isNear($0 - $0.rounded(), size) }) { return true }
    case .maximumPosition(let window):
      let values = interpreter.value(of: first)
      let gap = smallestGap(window, values, graph[first].shape)
      if isNear(gap, largest(values)) { return true }
    default: break
    }
  }
  return false
}

/// For each element of `target`, which element of a tensor that is repeated to it.
private func positions(_ shape: Shape, in target: Shape) -> [Int] {
  let strides = zip(shape.extents, shape.strides).map { $0 == 1 ? 0 : $1 }
  return indices(target.extents).map { index in
    zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

/// All positions of axes, the last the fastest.
private func indices(_ extents: [Int]) -> [[Int]] {
  extents.reduce([[]]) { list, extent in
    list.flatMap { head in (0..<extent).map { head + [$0] } }
  }
}

/// Between the largest value of a window and the largest other one, over all windows; 0 for ties.
private func smallestGap(_ window: Window, _ values: [Double], _ shape: Shape) -> Double {
  let strides = shape.strides
  var smallest = Double.infinity
  for output in indices(Array(window.extents[..<window.outputRank])) {
    var inside: [Double] = []
    for place in indices(Array(window.extents[window.outputRank...])) {
      let index = window.map.map { $0(output + place) ?? -1 }
      guard zip(index, shape.extents).allSatisfy({ (0..<$1).contains($0) }) else { continue }
      inside.append(values[zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }])
    }
    guard let best = inside.max() else { continue }
    if let second = inside.filter({ $0 != best }).max() { smallest = min(smallest, best - second) }
  }
  return smallest.isFinite ? smallest : 0
}
