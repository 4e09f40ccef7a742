import QuernCompiler
import QuernErrors
import QuernGradient
import QuernGraph
import QuernPasses
import QuernTestSupport
import Testing

/// The order of kernels, and their tensors' places.
@Suite struct ScheduleTests {
  private func kernels(_ ages: [Int]) -> [Kernel] {
    ages.map { Kernel(name: "k\($0)", origins: Origins(), nodes: [NodeID($0)], nests: []) }
  }

  @Test("The oldest that may run runs first, and chains stay together")
  func order() throws {
    // 4 waits for 0, and 1, in a chain with 3, for 4.
    let before: [Set<Int>] = [[], [4], [], [1], [0]]
    let order = try TopologicalOrder([[1, 3]], count: 5).sorted(kernels([3, 0, 7, 4, 5]), before)
    #expect(order == [0, 4, 1, 3, 2])
  }

  @Test("Kernels that wait for each other are an error that names them")
  func circle() throws {
    let before: [Set<Int>] = [[], [2], [1]]
    let error = #expect(throws: QuernError.self) {
      try TopologicalOrder([], count: 3).sorted(kernels([0, 1, 2]), before)
    }
    #expect(error?.problem.contains("k1, k2") == true)
  }

  @Test("The places of a tile lie an odd number of cache lines apart")
  func tiles() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [1, 30, 30, 16])
    let w = try b.input("w", [3, 3, 16, 16])
    let geometry = WindowGeometry(kernel: [3, 3], paddingBefore: [1, 1], paddingAfter: [1, 1])
    try b.output("y", x.convolution(w, geometry))
    let program = try lower(useFastConvolutions(b.graph, .onlyProducts(lanes: 8)))
    #expect(program.regions.isEmpty)
    let tiles = program.storages.values.filter { $0.type.shape.extents.prefix(2) == [8, 8] }
    // The picture's, the filter's, and their products.
    #expect(tiles.count == 3)
    for storage in tiles {
      #expect(storage.strides[1] % 128 == 64 && storage.strides[0] == 8 * storage.strides[1])
    }
  }

  @Test("A vector read past a tensor's end reads no other tensor's memory")
  func margins() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [3, 7, 5, 3])
    let w = try b.input("w", [3, 3, 3, 5], role: .parameter)
    let dense = try b.input("dense", [5 * 3 * 5, 11], role: .parameter)
    var y = try x.convolution(w, WindowGeometry(kernel: [3, 3]))
    y = try y.maximum(y.scalar(0)).reshaped([3, 5 * 3 * 5]).matrixProduct(dense)
    let gradients = try gradient(of: (y * y).sum(), withRespectTo: [w, dense])
    for (parameter, gradient) in zip([w, dense], gradients) {
      try b.update(parameter, to: parameter - gradient)
    }
    try b.output("y", y)
    let program = try lower(b.graph)
    let storages = program.storages.values.filter { !$0.isPrivate }.sorted { $0.offset < $1.offset }
    #expect(storages.count > 8)
    for (number, storage) in storages.enumerated() {
      for other in storages[(number + 1)...]
      where other.offset > storage.offset && other.lifetime.overlaps(storage.lifetime) {
        #expect(storage.offset + storage.byteCount + Arena.margin <= other.offset)
      }
    }
  }
}
