import QuernGraph

/// A graph as kernels in order over one arena: what code is generated from.
public struct Program: Sendable {
  public let graph: Graph
  /// In the order they run.
  public package(set) var kernels: [Kernel]
  /// By the node whose value is stored. An update written in place shares its input's.
  public package(set) var storages: [NodeID: Storage]
  public let arenaBytes: Int
  /// Bytes that each thread needs for what is its own.
  public let privateBytes: Int
  /// How many kernels at the start make what later ones need of parameters that no step replaces: they
  /// run once, and again after such a parameter was written.
  public let preparedCount: Int
  /// Tensors that are the same in every step: parameters and state that none replaces, and what is made
  /// of them beforehand.
  public let fixed: Set<NodeID>
  /// Parts of the order that run several times, a few examples each time.
  public let regions: [Region]
  /// Whether all threads must have finished what comes before, for each kernel.
  public let needsBarrier: [Bool]
  /// The node that holds the value of each output: reshapes are looked through.
  public let outputNodes: [String: NodeID]

  public subscript(storage id: NodeID) -> Storage? { storages[id] }

  /// The region that the kernel at a position belongs to.
  public func region(of position: Int) -> Region? {
    regions.first { $0.kernels.contains(position) }
  }
}
