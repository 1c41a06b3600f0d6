package dev.latentline.inference.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import org.junit.jupiter.api.Test;

class NodePlacementTest {
  @Test
  void whatTheCpuGetsBeyondShapesIsTold() throws JsonProcessingException {
    String profile =
        """
        [{"cat": "Session", "name": "model_run", "args": {}},
         {"cat": "Node", "args": {"op_name": "Conv", "provider": "CUDAExecutionProvider",
                                  "output_size": "131072"}},
         {"cat": "Node", "args": {"op_name": "Concat", "provider": "CPUExecutionProvider",
                                  "output_size": "32"}},
         {"cat": "Node", "args": {"op_name": "Det", "provider": "CPUExecutionProvider",
                                  "output_size": "131072"}}]""";

    assertThat(NodePlacement.onCpu(new JsonMapper().readTree(profile))).containsExactly("Det");
  }
}
