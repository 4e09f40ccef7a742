import QuernGraph

extension Program: CustomStringConvertible {
  /// The kernels in order, and where threads wait for each other.
  public var description: String {
    let printer = KernelPrinter(graph: graph)
    return zip(kernels, needsBarrier).map { kernel, waits in
      (waits ? "── all threads meet ──\n" : "") + printer.describe(kernel)
    }.joined(separator: "\n")
  }

  /// The arena: where every stored tensor lies, from when to when.
  public var planDescription: String {
    let printer = KernelPrinter(graph: graph)
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
        "\(storage.offset)..<\(storage.offset + storage.byteCount)  \(printer.name(id)): \(storage.type), "
        + life
      if storage.hasHalo { text += ", halo \(storage.before) before, \(storage.after) after" }
      if storage.tensor != id { text += ", in the place of \(printer.name(storage.tensor))" }
      lines.append(text)
    }
    let own = storages.filter(\.value.isPrivate).sorted { $0.key < $1.key }
    if !own.isEmpty { lines.append("each thread's own: \(privateBytes) bytes") }
    for (id, storage) in own {
      lines.append(
        "\(storage.offset)..<\(storage.offset + storage.byteCount)  \(printer.name(id)): \(storage.type), "
          + "a chunk")
    }
    return lines.joined(separator: "\n")
  }
}
