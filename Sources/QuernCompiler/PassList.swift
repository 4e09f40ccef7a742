import QuernCodegen
import QuernGraph
import QuernPasses

// What the compiler does, from the graph to C.

extension Pass {
  /// The passes in the order in which they run.
  public static let all: [Pass] = graphPasses + loweringPasses + codePasses

  /// From graph to graph: the same values from less work.
  static let graphPasses: [Pass] = [
    Pass("simplify", "equal nodes once, constants folded, algebra, movements read through") {
      (graph: Graph, _) in simplify(graph)
    },
    Pass("fast-convolutions", "convolutions by Winograd's and Fourier transforms") {
      (graph: Graph, context) in
      guard context.options.convolution == .fast else { return graph }
      return useFastConvolutions(
        graph,
        ConvolutionCosts(
          lanes: context.options.target.lanes, context.options.numerics.convolutions))
    },
    Pass("split-reductions", "long sums of few outputs in two steps, for threads") {
      (graph: Graph, context) in
      splitReductions(graph, context.options.numerics.splitReductions)
    },
  ]

  /// From graph to program: which kernels there are, in which order, and where tensors lie.
  package static let loweringPasses: [Pass] = [
    Pass("insert-copies", "reshapes are views; copies where a view cannot be") {
      (graph: Graph, _) in insertCopies(graph)
    },
    Pass("fuse", "nodes that are computed together") {
      (views: ViewedGraph, context) in
      FusedGraph(views, context.options.tuning)
    },
    Pass("build-nests", "each group as a kernel of loop nests") {
      (groups: FusedGraph, _) in try KernelGraph(groups)
    },
    Pass(
      "find-halos", "what is read outside tensors; copies more reshapes if it must",
      restart: "fuse", KernelGraph.self, HaloedKernels.self
    ) { kernels, _ in
      switch try HaloedKernels.analyse(kernels) {
      case .kernels(let kernels): .form(kernels)
      case .restart(let views): .restart(views)
      }
    },
    Pass("find-regions", "kernels that run together on a few examples at a time") {
      (kernels: HaloedKernels, context) in
      RegionGraph(kernels, context.options.regionLimits, threads: context.options.threads)
    },
    Pass("order", "dependences first; updates in place; copies of those that cannot be") {
      (regions: RegionGraph, _) in try OrderedKernels(regions)
    },
    Pass("cut-regions", "kernels of regions count examples from a chunk's first") {
      (kernels: OrderedKernels, _) in kernels.cuttingRegions()
    },
    Pass("lay-out", "strides, halos, memory space and lifetime of every tensor") {
      (kernels: OrderedKernels, context) in
      LaidOutKernels(kernels, context.options.tuning.storage)
    },
    Pass("place", "tensors share the arena; where threads must wait for each other") {
      (kernels: LaidOutKernels, _) in kernels.placed()
    },
  ]

  /// From program to C.
  package static let codePasses: [Pass] = [
    Pass("address", "where loop nests touch memory: bytes for indices") {
      (program: Program, _) in try AddressedProgram(program)
    },
    Pass("drop-unit-axes", "no loops of one step") {
      (program: AddressedProgram, _) in program.mapNests { $0.dropUnitAxes() }
    },
    Pass("merge-axes", "one loop where memory is stepped through as by one") {
      (program: AddressedProgram, _) in program.mapNests { $0.mergeAxes() }
    },
    Pass("name", "loops and pointers as the C calls them") {
      (program: AddressedProgram, _) in program.namedForC()
    },
    Pass("cut-rows", "long elementwise loops in rows of a few vectors") {
      (program: AddressedProgram, context) in program.cuttingRows(context.options.target)
    },
    Pass("schedule", "how each loop nest is cut into tiles, blocks and work shares") {
      (program: AddressedProgram, context) in ScheduledProgram(program, context.options.codegen)
    },
    Pass("write", "C, with the vector instructions' bytes") {
      (program: ScheduledProgram, context) in try program.write(part: context.part)
    },
  ]
}
