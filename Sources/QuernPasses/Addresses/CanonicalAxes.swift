import QuernGraph

// The same loops over fewer axes, or over such as suit vectors better.

extension LoopNest<MemoryAccess> {
  /// Drops axes of one position.
  package mutating func dropUnitAxes() {
    drop(axes.indices.filter { axes[$0].extent == 1 && isOwn($0) })
  }

  /// Joins neighbouring axes that every address steps through as if they were one.
  package mutating func mergeAxes() {
    let outer = axes.indices.dropLast().filter(canMerge)
    guard !outer.isEmpty else { return }
    // The inner one gets the positions of both, and keeps its steps.
    var loops = axes
    for axis in outer {
      loops[axis + 1].extent *= loops[axis].extent
      loops[axis + 1].name = loops[axis].name + loops[axis + 1].name
    }
    axes = loops
    drop(outer)
  }

  /// Cuts a long last axis of elementwise work into rows, so that a function loops over a row instead of
  /// being called for every few elements.
  ///
  /// - Parameter length: of a row.
  package mutating func cutRows(_ length: Int) {
    guard isDirect, let last = outputAxes.last,
      axes[last].extent > (reduction.isTransform ? 1 : 2) * length,
      axes[last].extent % length == 0
    else { return }
    var row = axes[last]
    axes[last].extent /= length
    row.extent = length
    repeat { row.name += "_" } while axes.contains { $0.name == row.name }
    axes.append(row)
    for index in accesses.indices {
      let stride = accesses[index].strides[last]
      accesses[index].strides[last] = stride * length
      accesses[index].strides.append(stride)
    }
    let added = axes.count - 1
    mapIndices { $0.cuttingAxis(last, length: length, inner: added) }
  }

  /// Drops axes, given in ascending order, with what addresses and indices step along them.
  private mutating func drop(_ dropped: [Int]) {
    guard !dropped.isEmpty else { return }
    let kept = axes.indices.filter { !dropped.contains($0) }
    axes = kept.map { axes[$0] }
    for index in accesses.indices {
      let strides = accesses[index].strides
      accesses[index].strides = kept.map { strides[$0] }
    }
    mapIndices { $0.keepingAxes(kept) }
  }

  private mutating func mapIndices(_ change: (AffineExpression) -> AffineExpression) {
    for index in indices.indices { indices[index] = change(indices[index]) }
    position = change(position)
  }

  /// Whether an axis is a loop of the kernel's own that may be cut or joined.
  private func isOwn(_ axis: Int) -> Bool {
    axes[axis].kind == .output || axes[axis].kind == .reduction
  }

  private func canMerge(_ axis: Int) -> Bool {
    guard axes[axis].kind == axes[axis + 1].kind, isOwn(axis) else { return false }
    let extent = axes[axis + 1].extent
    func fits(_ index: AffineExpression) -> Bool {
      index.coefficient(of: axis) == index.coefficient(of: axis + 1) * extent
    }
    return accesses.allSatisfy { $0.strides[axis] == $0.strides[axis + 1] * extent }
      && indices.allSatisfy(fits) && (reduction != .maximum || fits(position))
  }

  /// Whether each output is computed at once, because there is nothing to add up.
  package var isDirect: Bool {
    reduction == .none || reduction.isTransform || (reduction == .sum && reductionAxes.isEmpty)
  }
}
