import QuernGraph

// The forms between graph and program as text.

extension ViewedGraph {
  /// The graph, and which of its reshapes are copies.
  package var description: String {
    ([graph.description] + copiesDescription).joined(separator: "\n")
  }

  /// A line for each copy.
  package var copiesDescription: [String] { copied.sorted().map { "\($0) is a copy" } }
}

extension FusedGraph {
  /// A group a line: what it runs over, its nodes; then what belongs to none.
  package var description: String {
    var lines: [String] = []
    for (number, group) in nonEmpty.enumerated() {
      let origins = origins(of: group)
      let nodes = group.nodes.map { id in
        "\(id) \(views.graph[id].op.name)" + (stored.contains(id) ? " (stored)" : "")
      }
      lines.append(
        "group \(number) over \(group.domain)"
          + (origins.layers.isEmpty ? "" : "  // \(origins)") + "\n  "
          + nodes.joined(separator: ", "))
    }
    if !inlined.isEmpty {
      lines.append(
        "computed where they are read: "
          + inlined.sorted().map { "\($0) \(views.graph[$0].op.name)" }.joined(separator: ", "))
    }
    return lines.joined(separator: "\n")
  }
}

extension KernelGraph {
  package var description: String { KernelPrinter(graph: graph).describe(kernels) }
}

extension HaloedKernels {
  /// The kernels, and the tensors with halos.
  package var description: String {
    let printer = KernelPrinter(graph: source.graph)
    let tensors = halos.before.keys.sorted().map { tensor in
      "halo of \(printer.name(tensor)): \(halos.before[tensor] ?? []) before, "
        + "\(halos.after[tensor] ?? []) after, filled with \(halos.fill[tensor] ?? 0)"
    }
    return ([source.description] + tensors).joined(separator: "\n")
  }
}

extension RegionGraph {
  /// The regions, and what runs before the first step.
  package var description: String {
    func names(_ indices: some Sequence<Int>) -> String {
      indices.map { source.kernels[$0].name }.joined(separator: ", ")
    }
    var lines = regions.map { region in
      "region of \(region.chunks) chunks, \(region.size) of \(region.examples) examples each, "
        + (region.isPrivate ? "a thread's own" : "shared by all threads")
        + ": " + names(region.members)
    }
    if !preparation.kernels.isEmpty {
      lines.append("before the first step: " + names(preparation.kernels.sorted()))
    }
    return lines.isEmpty ? "no regions" : lines.joined(separator: "\n")
  }
}

extension OrderedKernels {
  /// The kernels in order, and what is updated in place.
  package var description: String {
    let printer = KernelPrinter(graph: graph)
    let updates = order.inPlace.sorted { $0.key < $1.key }.map { input, value in
      "\(value) is written in the place of \(printer.name(input))"
    }
    return ([printer.describe(kernels)] + updates).joined(separator: "\n")
  }
}

extension LaidOutKernels {
  /// A storage a line.
  package var description: String {
    let printer = KernelPrinter(graph: graph)
    return storages.sorted { $0.key < $1.key }.map { tensor, storage in
      var text =
        "\(printer.name(tensor)): \(storage.type), \(storage.space.rawValue), "
        + "strides \(storage.strides) bytes"
      if storage.hasHalo { text += ", halo \(storage.before) before, \(storage.after) after" }
      return text + ", kernels \(storage.lifetime.lowerBound)–\(storage.lifetime.upperBound)"
    }.joined(separator: "\n")
  }
}
