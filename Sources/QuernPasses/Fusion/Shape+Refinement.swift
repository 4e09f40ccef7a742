import QuernGraph

extension Shape {
  /// Whether each extent of `coarse` is the product of consecutive extents of this shape.
  func refines(_ coarse: Shape) -> Bool { coarse.dimensions(in: self) != nil }

  /// For each of this shape's extents, the dimensions of a finer one that it is the product of; nil where
  /// the other is not finer.
  func dimensions(in fine: Shape) -> [Range<Int>]? {
    var result: [Range<Int>] = []
    result.reserveCapacity(rank)
    var next = 0
    for extent in extents {
      var product = 1
      let first = next
      while product < extent, next < fine.rank {
        product *= fine[next]
        next += 1
      }
      guard product == extent else { return nil }
      result.append(first..<next)
    }
    while next < fine.rank {
      guard fine[next] == 1 else { return nil }
      next += 1
    }
    return result
  }
}
