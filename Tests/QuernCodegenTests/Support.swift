import QuernCodegen
import QuernCompiler
import QuernGraph
import QuernMachine
import QuernPasses
import QuernTestSupport
import QuernVectors
import Testing

/// The nests of a graph, kernel by kernel.
///
/// - Parameter machine: a typical core with the target's vectors where there is none.
func nests(
  _ graph: Graph, _ target: Target = .avx2, threads: Int = 1, machine: MachineFacts? = nil,
  adjust: (inout CompilerOptions) -> Void = { _ in }
) throws -> [ScheduledNest] {
  var options = CompilerOptions(target: target, threads: threads)
  options.machine = machine ?? MachineFacts(target)
  adjust(&options)
  return try Array(schedule(graph, options).scheduledNests.joined())
}

/// The one nest of a graph that has no more.
func nest(
  _ graph: Graph, _ target: Target = .avx2, threads: Int = 1, machine: MachineFacts? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> ScheduledNest {
  let all = try nests(graph, target, threads: threads, machine: machine)
  try #require(all.count == 1, "\(all.map(\.name))", sourceLocation: sourceLocation)
  return all[0]
}

extension ScheduledNest {
  /// Rows of the largest tile along each row axis, then its vectors.
  var tile: [Int] {
    schedule.rowAxes.map { schedule.rows[$0]?.largest ?? 1 } + [schedule.columns.largest]
  }

  /// The tiles along the only row axis.
  var rows: TileSplit? {
    schedule.rowAxes.count == 1 ? schedule.rows[schedule.rowAxes[0]] : nil
  }

  var place: Schedule.Panels.Place? { schedule.panels?.place }

  /// The loop whose tiles threads share.
  var sharedLoop: TileLoop? {
    schedule.order.first {
      $0.kind == schedule.workSplit?.kind && $0.axis == schedule.workSplit?.axis
    }
  }

  func name(_ axis: Int) -> String { nest.axes[axis].name }

  /// The schedule as it is printed, for messages.
  var text: String { schedule.lines(nest).joined(separator: "\n") }
}
