// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Manager} from "../core/Manager.sol";
import {Names} from "../core/Names.sol";
import {Perc} from "../core/Perc.sol";
import {IBondingManager} from "../bonding/IBondingManager.sol";
import {IMinter} from "./IMinter.sol";
import {LivepeerToken} from "./LivepeerToken.sol";

interface ISupplyCache {
    function l1CirculatingSupply() external view returns (uint256);
}

// Holds all LPT and ETH of the protocol and decides how much LPT a round may
// mint. Who owns which part is written in the other contracts' books.
contract Minter is Manager, IMinter {
    uint256 public inflation;
    uint256 public inflationChange;
    uint256 public targetBondingRate;
    uint256 public currentMintableTokens;
    uint256 public currentMintedTokens;

    modifier onlyBondingManager() {
        require(Names.isCaller(controller, Names.BONDING_MANAGER), "msg.sender not BondingManager");
        _;
    }

    constructor(
        address controllerAddress,
        uint256 _inflation,
        uint256 _inflationChange,
        uint256 _targetBondingRate
    ) Manager(controllerAddress) {
        require(_inflation <= Perc.PERC9, "_inflation is invalid percentage");
        require(_inflationChange <= Perc.PERC9, "_inflationChange is invalid percentage");
        require(_targetBondingRate <= Perc.PERC9, "_targetBondingRate is invalid percentage");
        inflation = _inflation;
        inflationChange = _inflationChange;
        targetBondingRate = _targetBondingRate;
    }

    function setTargetBondingRate(uint256 rate) external onlyControllerOwner {
        require(rate <= Perc.PERC9, "_targetBondingRate is invalid percentage");
        targetBondingRate = rate;
        emit ParameterUpdate("targetBondingRate");
    }

    function setInflationChange(uint256 change) external onlyControllerOwner {
        require(change <= Perc.PERC9, "_inflationChange is invalid percentage");
        inflationChange = change;
        emit ParameterUpdate("inflationChange");
    }

    function migrateToNewMinter(IMinter newMinter) external onlyControllerOwner {
        require(address(newMinter) != address(this), "new Minter cannot be current Minter");
        require(address(newMinter) != address(0), "new Minter cannot be null address");
        require(
            newMinter.getController() == address(controller),
            "new Minter Controller must be current Controller"
        );
        require(controller.getContract(Names.MINTER) == address(this), "new Minter must be registered");

        LivepeerToken lpt = token();
        require(lpt.transfer(address(newMinter), lpt.balanceOf(address(this))), "token transfer failed");
        newMinter.depositETH{value: address(this).balance}();
    }

    function createReward(
        uint256 num,
        uint256 den
    ) external onlyBondingManager whenSystemNotPaused returns (uint256) {
        uint256 amount = Perc.part(currentMintableTokens, num, den, Perc.PERC9);
        uint256 minted = currentMintedTokens + amount;
        require(minted <= currentMintableTokens, "minted tokens cannot exceed mintable tokens");
        currentMintedTokens = minted;
        token().mint(address(this), amount);
        return amount;
    }

    function trustedTransferTokens(
        address to,
        uint256 amount
    ) external onlyBondingManager whenSystemNotPaused {
        require(token().transfer(to, amount), "token transfer failed");
    }

    function trustedBurnTokens(uint256 amount) external onlyBondingManager whenSystemNotPaused {
        token().burn(amount);
    }

    function trustedWithdrawETH(address payable to, uint256 amount) external whenSystemNotPaused {
        require(
            Names.isCaller(controller, Names.BONDING_MANAGER) || Names.isCaller(controller, Names.JOBS_MANAGER),
            "msg.sender not BondingManager or JobsManager"
        );
        // No gas beyond the 2300 that come with the value: a receiver cannot
        // call back into books that are about to change.
        (bool sent, ) = to.call{value: amount, gas: 0}("");
        require(sent, "ETH transfer failed");
    }

    function depositETH() external payable returns (bool) {
        require(
            Names.isCaller(controller, Names.MINTER) || Names.isCaller(controller, Names.JOBS_MANAGER),
            "msg.sender not Minter or JobsManager"
        );
        return true;
    }

    function setCurrentRewardTokens() external whenSystemNotPaused {
        require(Names.isCaller(controller, Names.ROUNDS_MANAGER), "msg.sender not RoundsManager");
        uint256 supply = getGlobalTotalSupply();
        inflation = nextInflation(supply);
        currentMintableTokens = Perc.part(supply, inflation, Perc.PERC9);
        currentMintedTokens = 0;
        emit SetCurrentRewardTokens(currentMintableTokens, inflation);
    }

    function getController() external view returns (address) {
        return address(controller);
    }

    function getGlobalTotalSupply() public view returns (uint256) {
        address cache = controller.getContract(Names.SUPPLY_CACHE);
        uint256 elsewhere = cache == address(0) ? 0 : ISupplyCache(cache).l1CirculatingSupply();
        return token().totalSupply() + elsewhere;
    }

    // One step towards the target per round; there is no upper bound.
    function nextInflation(uint256 supply) private view returns (uint256) {
        uint256 bonded = IBondingManager(controller.getContract(Names.BONDING_MANAGER)).getTotalBonded();
        uint256 rate = supply == 0 ? 0 : Perc.points(bonded, supply, Perc.PERC9);
        if (rate < targetBondingRate) return inflation + inflationChange;
        if (rate == targetBondingRate) return inflation;
        return inflation > inflationChange ? inflation - inflationChange : 0;
    }

    function token() private view returns (LivepeerToken) {
        return LivepeerToken(controller.getContract(Names.TOKEN));
    }
}
