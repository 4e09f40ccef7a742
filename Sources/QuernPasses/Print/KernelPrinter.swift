import QuernGraph

/// Kernels as text: loop nests, what each reads and writes, the ops it fuses.
struct KernelPrinter {
  let graph: Graph

  func describe(_ kernels: [Kernel]) -> String {
    kernels.map(describe).joined(separator: "\n")
  }

  func describe(_ kernel: Kernel) -> String {
    var lines = ["\(kernel.name)  // \(kernel.origins)"]
    for id in kernel.inlined + kernel.nodes {
      let node = graph[id]
      lines.append("  \(id)\(node.shape) = \(node.formula(node.operands.map(\.description)))")
    }
    for (number, nest) in kernel.nests.enumerated() {
      let outer = nest.axes[..<nest.outputRank].map { "\($0.name)<\($0.extent)" }
      let inner = nest.axes[nest.outputRank...].map { "\($0.name)<\($0.extent)" }
      let names = nest.axes.map(\.name)
      var text = kernel.nests.count > 1 ? "  part \(number): " : "  "
      text += "for " + (outer.isEmpty ? "one element" : outer.joined(separator: ", "))
      let factors = nest.factors.map { factor in
        let read = describe(nest.access(factor), names)
        return factor.match.map { "[\(read) = \(nest.indices[$0].formula(names))]" } ?? read
      }
      switch nest.reduction {
      case .none: break
      case .sum:
        text +=
          ": " + (inner.isEmpty ? "" : "Σ{\(inner.joined(separator: ", "))} ")
          + (nest.term.isEmpty ? factors.joined(separator: " · ") : describe(nest.term, factors))
      case .maximum:
        text += ": max{\(inner.joined(separator: ", "))} \(factors.joined())"
      case .transform(_, _, let mixing):
        let tile = "{\(inner.joined(separator: ", "))} \(factors.joined())"
        switch mixing {
        case .none: text += ": R · \(tile) · Cᵀ"
        case .after: text += ": pairs of R · \(tile) · Cᵀ mixed"
        case .before: text += ": R · (pairs \(tile) taken apart) · Cᵀ"
        }
      }
      lines.append(text)
      for store in nest.stores { lines.append("    → " + describe(nest.access(store), names)) }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A term of a sum, as a formula.
  private func describe(_ term: [NestValue], _ factors: [String]) -> String {
    func text(_ number: Int, isInner: Bool) -> String {
      switch term[number] {
      case .factor(let factor): return factors[factor]
      case .constant(let constant, _): return "\(constant)"
      case .apply(let op, let operands, _):
        let formula = op.formula(operands.map { text($0, isInner: true) })
        return isInner ? "(\(formula))" : formula
      default: return "?"
      }
    }
    return text(term.count - 1, isInner: false)
  }

  private func describe(_ access: TensorAccess, _ names: [String]) -> String {
    "\(name(access.tensor))[\(access.map.map { $0.formula(names) }.joined(separator: ", "))]"
  }

  func name(_ id: NodeID) -> String {
    if case .input(let input) = graph[id].op { return input.name }
    return "\(id)"
  }
}
