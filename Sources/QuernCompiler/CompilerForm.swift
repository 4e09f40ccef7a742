import QuernCodegen
import QuernGraph
import QuernPasses

/// What a pass takes, or what it makes: a program of some kind, that can be counted, printed and verified.
public protocol CompilerForm: Sendable {
  /// What forms of this kind are called: `graph`.
  static var name: String { get }
  /// How much there is of it: `57 nodes`.
  var size: String { get }
  /// The form as people read it.
  var description: String { get }
  /// Where its parts come from: its kernels', or those of its nodes where it has no kernels yet. None in C.
  var origins: [Origins] { get }
  /// Checks that the form is sound, as all passes must leave it.
  ///
  /// - Throws: `QuernError` that says what is wrong, and where.
  func verify() throws
}

extension Graph: CompilerForm {
  public static var name: String { "graph" }
  public var size: String { "\(nodes.count) nodes" }
  public var origins: [Origins] { nodes.map(\.origins) }
}

extension ViewedGraph: CompilerForm {
  package static var name: String { "views" }
  package var size: String { "\(graph.nodes.count) nodes" }
  package var origins: [Origins] { graph.origins }
}

extension FusedGraph: CompilerForm {
  package static var name: String { "groups" }
  package var size: String { "\(nonEmpty.count) groups" }
  package var origins: [Origins] { views.origins }
}

extension KernelGraph: CompilerForm {
  package static var name: String { "kernels" }
  package var size: String { "\(kernels.count) kernels" }
  package var origins: [Origins] { kernels.map(\.origins) }
}

extension HaloedKernels: CompilerForm {
  package static var name: String { "halos" }
  package var size: String { "\(source.kernels.count) kernels" }
  package var origins: [Origins] { source.origins }
}

extension RegionGraph: CompilerForm {
  package static var name: String { "regions" }
  package var size: String { "\(source.kernels.count) kernels" }
  package var origins: [Origins] { source.origins }
}

extension OrderedKernels: CompilerForm {
  package static var name: String { "order" }
  package var size: String { "\(kernels.count) kernels" }
  package var origins: [Origins] { kernels.map(\.origins) }
}

extension LaidOutKernels: CompilerForm {
  package static var name: String { "layout" }
  package var size: String { "\(uses.count) kernels" }
  package var origins: [Origins] { kernels.map(\.origins) }
}

extension Program: CompilerForm {
  public static var name: String { "program" }
  public var size: String { "\(kernels.count) kernels" }
  public var origins: [Origins] { kernels.map(\.origins) }
}

extension AddressedProgram: CompilerForm {
  public static var name: String { "addresses" }
  public var size: String { "\(program.kernels.count) kernels" }
  public var origins: [Origins] { program.origins }
}

extension ScheduledProgram: CompilerForm {
  package static var name: String { "schedule" }
  package var size: String { "\(program.kernels.count) kernels" }
  package var origins: [Origins] { program.origins }
}

extension GeneratedCode: CompilerForm {
  public static var name: String { "c" }
  public var size: String { "\(arenaBytes) bytes of memory" }
  public var description: String { source }
  public var origins: [Origins] { [] }
  public func verify() {}
}
