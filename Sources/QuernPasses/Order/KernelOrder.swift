import QuernErrors
import QuernGraph

/// The order of kernels, and which updates are written in place.
struct KernelOrder {
  /// Indices of groups, in the order they run.
  private(set) var order: [Int] = []
  /// Input → the node whose value is written straight over it.
  private(set) var inPlace: [NodeID: NodeID] = [:]
  /// How many kernels at the start of the order run before the first step.
  let preparedCount: Int
  /// What those read and write.
  let fixed: Set<NodeID>

  /// - Parameters:
  ///   - kernels: one for each group, in the groups' order.
  ///   - candidates: kernels that run one right after the other; none of them is prepared.
  /// - Throws: as ``TopologicalOrder/sorted(_:_:)``.
  init(
    _ graph: Graph, views: ViewedGraph, kernels: [Kernel], groupOf: [NodeID: Int],
    halos: HaloAnalysis,
    dependences: Dependences, candidates: [RegionCandidate], preparation: Preparation
  ) throws(QuernError) {
    let units = TopologicalOrder(candidates.map(\.members), count: kernels.count)
    var before = dependences.before
    var taken: Set<NodeID> = []
    for update in graph.updates {
      guard let writer = groupOf[update.value], views.root(update.value) == update.value,
        !taken.contains(update.value), halos.canShare(update.input, update.value),
        kernels[writer].readsInPlace(update.input, where: update.value)
      else { continue }
      let others = dependences.readers[update.input, default: []].subtracting([writer])
      // Whoever reads the old value must run first, on all examples; that must not close a circle.
      guard others.allSatisfy({ !units.precedes(writer, $0, before) }) else { continue }
      before[writer].formUnion(others)
      inPlace[update.input] = update.value
      taken.insert(update.value)
    }
    let all = try units.sorted(kernels, before)
    let prepared = preparation.kernels
    order = all.filter(prepared.contains) + all.filter { !prepared.contains($0) }
    (preparedCount, fixed) = (prepared.count, preparation.tensors)
  }
}

extension Kernel {
  /// Whether the kernel reads `input`, if at all, only at the element it then stores `value` to.
  func readsInPlace(_ input: NodeID, where value: NodeID) -> Bool {
    for nest in nests {
      if nest.factors.contains(where: { nest.access($0).tensor == input }) { return false }
      let targets = nest.writes.filter { $0.tensor == value }
      for access in nest.reads where access.tensor == input {
        // Of the several elements that a transform's tile holds, each is read for its own new value.
        guard targets.contains(where: { $0.map == access.map && $0.view == access.view }) else {
          return false
        }
      }
    }
    return true
  }
}
