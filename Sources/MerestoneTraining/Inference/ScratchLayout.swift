package import MerestoneNN

/// Where layer-wise inference keeps rows and sums in the memory that its workers share: two buffers
/// of rows that layers use in turn, one of products, then three sums for each tile of targets.
package struct ScratchLayout: Sendable {
  private let oddRowOffset: Int
  let productsOffset: Int
  let sumsOffset: Int
  package let byteCount: Int

  package init(plan: InferencePlan, configuration: ModelConfiguration) {
    var rows = [0, 0]
    var products = 0
    for layer in plan.outputs.indices {
      let width = configuration.widths(ofLayer: layer).outputs * MemoryLayout<Float>.size
      rows[layer % 2] = max(rows[layer % 2], plan.outputs[layer].count * width)
      if configuration.multipliesFirst(layer: layer), let inputs = plan.inputs(layer: layer) {
        products = max(products, inputs.count * width)
      }
    }
    oddRowOffset = (rows[0] + 63) & ~63
    productsOffset = oddRowOffset + ((rows[1] + 63) & ~63)
    sumsOffset = (productsOffset + products + 63) & ~63
    let tiles = plan.tileCount(layer: plan.outputs.count - 1)
    byteCount = sumsOffset + tiles * 3 * MemoryLayout<Double>.size
  }

  func rowOffset(layer: Int) -> Int { layer % 2 == 1 ? oddRowOffset : 0 }
}
