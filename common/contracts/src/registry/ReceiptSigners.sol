// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IController} from "../core/IController.sol";
import {Names} from "../core/Names.sol";

interface IReceiptSigners {
    function receiptSignerAt(address orchestrator, uint256 round) external view returns (address);
}

// Asks the catalogue, which may stand alone beside a registry that lacks it. On
// a network without any catalogue an orchestrator signs for itself.
library ReceiptSigners {
    function signerAt(IController c, address orchestrator, uint256 round) internal view returns (address) {
        address catalogue = c.getContract(Names.SERVICE_CATALOG);
        if (catalogue == address(0)) catalogue = c.getContract(Names.SERVICE_REGISTRY);
        if (catalogue.code.length == 0) return orchestrator;
        (bool ok, bytes memory answer) = catalogue.staticcall(
            abi.encodeCall(IReceiptSigners.receiptSignerAt, (orchestrator, round))
        );
        if (!ok || answer.length != 32) return orchestrator;
        return address(uint160(uint256(bytes32(answer))));
    }
}
