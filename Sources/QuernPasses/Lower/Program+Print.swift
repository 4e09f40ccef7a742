import QuernGraph

// Programs as text.

extension Program: CustomStringConvertible {
  /// The kernels in order: loop nests, what each reads and writes, the ops it fuses.
  public var description: String {
    zip(kernels, needsBarrier).map { kernel, waits in
      (waits ? "── all threads meet ──\n" : "") + describe(kernel)
    }.joined(separator: "\n")
  }

  private func describe(_ kernel: Kernel) -> String {
    var lines = ["\(kernel.name)  // \(kernel.label)"]
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
        let read = describe(factor.read, names)
        return factor.match.map { "[\(read) = \($0.formula(names))]" } ?? read
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
      for store in nest.stores { lines.append("    → " + describe(store.access, names)) }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A term of a sum, as a formula.
  private func describe(_ term: [Value], _ factors: [String]) -> String {
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

  private func name(_ id: NodeID) -> String {
    if case .input(let input) = graph[id].op { return input.name }
    return "\(id)"
  }

  /// The arena: where every stored tensor lies, from when to when.
  public var planDescription: String {
    var lines = ["arena: \(arenaBytes) bytes; kernels are numbered as they run"]
    let end = kernels.count
    let places = storages.filter { !$0.value.isPrivate }.sorted {
      ($0.value.offset, $0.key) < ($1.value.offset, $1.key)
    }
    for (id, storage) in places {
      let life =
        storage.lifetime.upperBound >= end
        ? "always" : "kernels \(storage.lifetime.lowerBound)–\(storage.lifetime.upperBound)"
      var text =
        "\(storage.offset)..<\(storage.offset + storage.byteCount)  \(name(id)): \(storage.type), "
        + life
      if storage.hasHalo { text += ", halo \(storage.before) before, \(storage.after) after" }
      if storage.tensor != id { text += ", in the place of \(name(storage.tensor))" }
      lines.append(text)
    }
    let own = storages.filter(\.value.isPrivate).sorted { $0.key < $1.key }
    if !own.isEmpty { lines.append("each thread's own: \(privateBytes) bytes") }
    for (id, storage) in own {
      lines.append(
        "\(storage.offset)..<\(storage.offset + storage.byteCount)  \(name(id)): \(storage.type), "
          + "a chunk")
    }
    return lines.joined(separator: "\n")
  }
}
