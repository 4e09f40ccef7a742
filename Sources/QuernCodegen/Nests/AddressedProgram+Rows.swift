import QuernMachine
import QuernPasses

extension AddressedProgram {
  /// The same with long loops of elementwise work cut into rows of a few vectors; of transforms, whose tiles
  /// take many registers, of one.
  package func cuttingRows(_ target: Target) -> Self {
    mapNests { $0.cutRows(($0.reduction.isTransform ? 1 : 4) * target.lanes) }
  }
}
