import QuernErrors
import QuernPasses

extension ScheduledProgram {
  /// How each nest is cut, by kernel.
  package var description: String {
    var lines: [String] = []
    for (kernel, nests) in zip(program.kernels, scheduledNests) {
      lines.append("\(kernel.name)  // \(kernel.origins)")
      for nest in nests {
        if nests.count > 1 { lines.append("  \(nest.name)") }
        lines += nest.schedule.lines(nest.nest).map { "  " + $0 }
      }
    }
    return lines.joined(separator: "\n")
  }

  /// Tiles cover every nest, and registers suffice for them.
  package func verify() throws {
    for nest in scheduledNests.joined() {
      if let fault = nest.schedule.fault(nest.nest) {
        throw QuernError(nest.name, fault, remedy: "report this as a defect")
      }
    }
  }
}
