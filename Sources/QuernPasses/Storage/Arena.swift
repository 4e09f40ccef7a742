import QuernMachine

/// Gives storages their places in one block of memory, so that those whose lifetimes do not meet
/// may share it.
package enum Arena {
  /// Storages start at multiples of a cache line.
  static let alignment = MachineFacts.cacheLine
  /// Vectors may be read past the last tensor's end, never used: the arena is longer than its contents.
  static let slack = 1024
  /// Padding in bytes behind each tensor, so that over-reads cannot race with another tensor's writes: all of
  /// the widest vector's bytes but those of one lane.
  package static let margin = 60

  /// Sets the offsets; the largest storages are placed first, each at the lowest place that is free
  /// for its whole life.
  ///
  /// - Returns: the bytes of the whole arena.
  static func place(_ storages: inout [Storage]) -> Int {
    var placed: [(from: Int, to: Int, life: ClosedRange<Int>)] = []
    var end = 0
    let order = storages.indices.sorted {
      (storages[$0].byteCount, storages[$1].tensor) > (storages[$1].byteCount, storages[$0].tensor)
    }
    for index in order {
      let size = (storages[index].byteCount + margin + alignment - 1) / alignment * alignment
      let life = storages[index].lifetime
      var offset = 0
      for block in placed where block.life.overlaps(life) {
        if block.from >= offset + size { break }
        offset = max(offset, block.to)
      }
      storages[index].offset = offset
      let position = placed.firstIndex { $0.from > offset } ?? placed.count
      placed.insert((offset, offset + size, life), at: position)
      end = max(end, offset + size)
    }
    return end + slack
  }
}
