import QuernMachine
import QuernPasses

extension Schedule {
  /// What tiles ask for before they need it, where the processor would not foresee it.
  ///
  /// Whether a tile asks also depends on its own size: a small one is over before lines arrive.
  package struct Prefetches: OptionSet, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// What the epilogue will read and write.
    package static let epilogue = Self(rawValue: 1)
    /// The next panel, a part in each tile of rows, while these compute with the present one.
    package static let nextPanel = Self(rawValue: 2)
    /// Prepared panels that are read just once, some pages ahead.
    package static let preparedPanels = Self(rawValue: 4)
    /// In a region, the same place of the panel behind the present one.
    package static let followingPanels = Self(rawValue: 8)
    /// What the next tile of rows reads, where each reduction step is a stream of its own.
    package static let nextRows = Self(rawValue: 16)

    /// Each by its name, in the order above.
    package var names: [String] {
      let all: [(Self, String)] = [
        (.epilogue, "epilogue"), (.nextPanel, "next panel"), (.preparedPanels, "prepared panels"),
        (.followingPanels, "following panels"), (.nextRows, "next rows"),
      ]
      return all.filter { contains($0.0) }.map(\.1)
    }
  }

  /// The factors whose panels lie one behind the other, so that the next can be asked for.
  func followedFactors(_ nest: MemoryNest, _ machine: MachineFacts) -> [NestFactor] {
    guard let lane = laneAxis, let panel = panelAxes.last else { return [] }
    let operands = nest.factors.reduce(0) { $0 + abs(nest.accesses[$1.access].strides[panel]) }
    return nest.factors.filter { factor in
      let access = nest.accesses[factor.access]
      return access.isContiguous(along: lane) && access.element == .float32
        && access.strides[panel] >= nest.reductionCount * access.size
        // Where tiles of columns alternate, all that they read must stay in the first-level cache beside it.
        && (columns.count == 1 || operands + access.strides[panel] <= machine.level1Cache)
    }
  }

  /// The factors that rows lie side by side in, and reduction steps far apart.
  func streamedRows(_ nest: MemoryNest, _ tuning: Tuning.Prefetch) -> [NestFactor] {
    guard let row = rowAxes.last, let axis = nest.reductionAxes.last else { return [] }
    return nest.factors.indices.filter { $0 != packed }.map { nest.factors[$0] }.filter {
      let access = nest.accesses[$0.access]
      return access.element == .float32 && access.isContiguous(along: row)
        && access.strides[axis] >= tuning.minStreamStride
    }
  }
}

extension Scheduler {
  /// Chooses what is asked for ahead, when all else is known.
  mutating func choosePrefetches() {
    // Where nothing is added up, there is nothing to do until lines arrive.
    if !nest.isDirect, !schedule.unrollsWindow, let lane = schedule.laneAxis,
      nest.valueAccesses.contains(where: { nest.accesses[$0].isContiguous(along: lane) })
    {
      schedule.prefetches.insert(.epilogue)
    }
    if asksForNextPanel { schedule.prefetches.insert(.nextPanel) }
    if schedule.isPrepared, schedule.rowTileCount == 1 {
      schedule.prefetches.insert(.preparedPanels)
    }
    if nest.isProduct, schedule.packed == nil, nest.chunkAxis != nil,
      !schedule.followedFactors(nest, machine).isEmpty
    {
      schedule.prefetches.insert(.followingPanels)
    }
    if nest.isProduct, nest.reductionAxes.count == 1, let row = schedule.rowAxes.last,
      (schedule.rows[row]?.count ?? 1) > 1,
      !schedule.streamedRows(nest, tuning.prefetch).isEmpty
    {
      schedule.prefetches.insert(.nextRows)
    }
  }

  /// Whether tiles of rows along one axis ask for the next panel one after the other. Its rows must lie at
  /// equal distances.
  private var asksForNextPanel: Bool {
    guard let panels = schedule.panels, schedule.laneAxis != nil,
      schedule.rowTileCount <= tuning.prefetch.maxRowTiles
    else { return false }
    // Panels that stay in the cache together have been read before; a single one is followed by another only
    // in a tensor of panels.
    let hasNext =
      schedule.columns.count == 1
      ? panels.place == .inPlace && !schedule.panelAxes.isEmpty : !schedule.keepsAllPanels
    guard hasNext else { return false }
    let access = nest.access(of: panels.factor)
    let isEven = zip(nest.reductionAxes, nest.reductionAxes.dropFirst()).allSatisfy {
      outer, inner in
      access.strides[outer] == access.strides[inner] * nest.axes[inner].extent
    }
    return isEven && schedule.rows.values.filter { $0.count > 1 }.count == 1
  }
}
