import QuernCodegen
import QuernGraph
import QuernTestSupport
import QuernVectors
import Testing

/// Which tiles threads share, and in how many shares.
@Suite struct SharingTests {
  @Test("Threads share rows where panels are ready, columns where each packs its own")
  func loops() throws {
    // 6 tiles of rows, 2 of columns: as even.
    let ready = try nest(product(24, 100, 48), threads: 2)
    #expect(ready.place == .inPlace && ready.schedule.columns.count == 2, "\(ready.text)")
    #expect(ready.sharedLoop?.kind == .row && ready.sharedLoop?.split.count == 6, "\(ready.text)")
    let packed = try nest(product(24, 300, 90), threads: 2)
    #expect(packed.place == .packed, "\(packed.text)")
    #expect(
      packed.sharedLoop?.kind == .column && packed.sharedLoop?.split.count == 4, "\(packed.text)")
    for nest in [ready, packed] {
      #expect(nest.schedule.shares == 2 && nest.schedule.workSplit?.shares == 2)
    }
  }

  @Test("Columns are cut so that no thread has a tile more than others")
  func columns() throws {
    // 125 vectors are 42 tiles of 3 and 2. Two threads have 16 turns each, more have one for each tile.
    for (threads, tiles, shares) in [(1, 42, 1), (2, 42, 32), (4, 44, 44), (5, 45, 45)] {
      let found = try nest(product(128, 784, 1_000), threads: threads)
      #expect(found.schedule.columns.count == tiles, "\(threads) threads: \(found.text)")
      #expect(found.schedule.shares == shares, "\(threads) threads: \(found.text)")
      #expect(found.sharedLoop?.kind == (threads == 1 ? nil : .column))
    }
  }

  @Test("Long kernels are taken in turns, short ones and those of one thread in one go")
  func turns() throws {
    #expect(try nest(product(128, 800, 1_000), threads: 2).schedule.shares == 32)
    let alone = try nest(product(128, 800, 1_000)).schedule
    #expect(alone.shares == 1 && alone.workSplit == nil)
    #expect(try nest(product(16, 100, 64), threads: 2).schedule.shares == 2)
  }
}
