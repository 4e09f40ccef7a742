import QuernMachine
import QuernPasses
import QuernVectors

/// Chooses how a loop nest is cut, step by step; ``schedule`` holds what has been chosen so far.
package struct Scheduler {
  let nest: MemoryNest
  /// With the vectors that suit the nest.
  let machine: MachineFacts
  /// Threads that share the tiles. What a tile computes does not depend on them.
  let threads: Int
  let tuning: Tuning
  let numerics: Numerics
  var schedule: Schedule

  /// The schedule of a nest.
  ///
  /// - Parameter workShares: how threads may take shares of the tiles one after the other; nil where each
  ///   takes its part in one go.
  package static func schedule(
    _ nest: MemoryNest, _ machine: MachineFacts, threads: Int, tuning: Tuning, numerics: Numerics,
    workShares: Tuning.WorkShares?
  ) -> Schedule {
    var scheduler = Scheduler(
      nest, machine.suited(to: nest, numerics), threads: threads, tuning: tuning,
      numerics: numerics)
    scheduler.chooseRowAxes()
    scheduler.choosePanels()
    scheduler.chooseTile()
    scheduler.shareColumns()
    scheduler.shareRows()
    scheduler.packCloseRows()
    scheduler.chooseBlocks()
    scheduler.chooseOrder()
    scheduler.shareWork(workShares)
    scheduler.choosePrefetches()
    return scheduler.schedule
  }

  /// Begins with the lanes, which all else depends on.
  init(
    _ nest: MemoryNest, _ machine: MachineFacts, threads: Int, tuning: Tuning, numerics: Numerics
  ) {
    self.nest = nest
    self.machine = machine
    self.threads = threads
    self.tuning = tuning
    self.numerics = numerics
    schedule = Schedule(lanes: .output(nil), target: machine.target)
    schedule.lanes = chooseLanes()
  }
}
